import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Result, Summary } from './results.js';

/** Where the figures of a run were measured. */
export interface Environment {
  readonly browser: string;
  readonly processor: string;
  readonly cores: number;
  /** How many threads the machine was busy with before the run: the average of a minute. */
  readonly load: number;
  readonly date: string;
}

const docs = path.resolve(import.meta.dirname, '../docs');

/** Writes the figures of a run into the documentation: a table and a chart of all ratios. */
export async function writeReport(environment: Environment, results: readonly Result[]): Promise<void> {
  await mkdir(path.join(docs, 'images'), { recursive: true });
  await writeFile(path.join(docs, 'performance-figures.md'), toMarkdown(environment, results));
  await writeFile(path.join(docs, 'images/performance.svg'), toChart(results));
}

export function toMarkdown(environment: Environment, results: readonly Result[]): string {
  const { browser, processor, cores, load, date } = environment;
  const rows = results.map((result) => {
    const { id, title, unit, ours, baseline, target, met } = result;
    const cells = [`\`${id}\``, title, inUnit(ours, unit), baseline ? inUnit(baseline, unit) : '', compared(result)];
    return `| ${[...cells, String(target), met ? 'yes' : 'no'].join(' | ')} |`;
  });
  return `# Performance: the figures

\`npm run bench -- --report\` writes this page. [performance.md](performance.md) explains the scenarios.

Measured on ${date} in ${browser}, ${processor}, ${cores} cores. The machine was busy with ${load.toFixed(1)} threads before the
run. Values are medians. Ratios compare the library with the baseline, pair by pair; memory is compared by its difference.

![Ratios of the library to its baselines](images/performance.svg)

| scenario | what | library | baseline | compared | at most | met |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function inUnit({ median }: Summary, unit: Result['unit']): string {
  return `${median.toLocaleString('en', { maximumFractionDigits: median < 10 ? 3 : 1 })} ${unit}`;
}

function compared({ ratio, unit, ours, baseline }: Result): string {
  if (!baseline) return ratio === ours.median ? '' : `worst ${ratio.toFixed(1)} ${unit}`;
  return unit === 'MB' ? `${ratio > 0 ? '+' : ''}${ratio.toFixed(1)} MB` : ratio.toFixed(2);
}

const rowHeight = 22;
const left = 210;
const scale = 160;
/** Longer bars are cut off there. */
const longest = 3;
/** A ratio as text, with its distance from the bar. */
const labelWidth = 36;

/** A bar for each ratio. The line is at 1, where the library takes as long as the baseline; the mark is the target. */
export function toChart(results: readonly Result[]): string {
  const ratios = results.filter(({ baseline, unit }) => baseline && unit === 'ms');
  const height = ratios.length * rowHeight + 30;
  const x = (ratio: number) => left + Math.min(longest, ratio) * scale;
  const bars = ratios.map(({ id, ratio, target, met }, index) => {
    const y = index * rowHeight + 8;
    const colour = met ? '#2b7a4b' : '#b3541e';
    const isBesideMark = x(target) >= x(ratio) && x(target) < x(ratio) + labelWidth;
    const label = (isBesideMark ? x(target) : x(ratio)) + 6;
    return [
      `<text x="${left - 8}" y="${y + 11}" text-anchor="end">${id}</text>`,
      `<rect x="${left}" y="${y}" width="${x(ratio) - left}" height="14" fill="${colour}"/>`,
      `<line x1="${x(target)}" x2="${x(target)}" y1="${y - 2}" y2="${y + 16}" stroke="#222" stroke-width="2"/>`,
      `<text x="${label}" y="${y + 11}">${ratio.toFixed(2)}</text>`,
    ].join('');
  });
  const end = height - 22;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + longest * scale + 60}" height="${height}" font-family="sans-serif" font-size="12">
<title>How long the library takes, compared with its baselines</title>
<rect width="100%" height="100%" fill="#fff"/>
<line x1="${x(1)}" x2="${x(1)}" y1="0" y2="${end}" stroke="#999" stroke-dasharray="3 3"/>
<text x="${x(1)}" y="${height - 8}" text-anchor="middle">1: as long as the baseline</text>
${bars.join('\n')}
</svg>
`;
}
