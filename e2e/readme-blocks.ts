import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

const readme = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8');

/** A file that the README shows: its first line is a comment with the name. */
export type ShownFile = readonly [name: string, content: string];

/** The commands of a section of the README. @param title the section's heading */
export function commandsOf(title: string): string {
  const [, commands] = /^```sh\n([\s\S]*?)^```$/m.exec(sectionOf(title)) ?? [];
  if (commands === undefined) throw new Error(`README.md has no commands in "${title}"`);
  return commands;
}

/** The files that a section of the README shows. */
export function filesOf(title: string): ShownFile[] {
  const blocks = sectionOf(title).matchAll(/^```\w+\n(?:\/\/|<!--) ([\w./-]+)(?: -->)?\n([\s\S]*?)^```$/gm);
  return Array.from(blocks, ([, name = '', content = '']) => [name, content] as const);
}

/** Writes files into a folder. Of two with one name, the last stays. */
export async function writeFiles(folder: string, files: readonly ShownFile[]): Promise<void> {
  for (const [name, content] of files) await writeFile(path.join(folder, name), content);
}

function sectionOf(title: string): string {
  const [, section] = readme.split(`\n### ${title}\n`);
  if (section === undefined) throw new Error(`README.md has no section "${title}"`);
  return section.split(/\n###? /)[0] ?? '';
}
