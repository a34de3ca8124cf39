import { expect, it } from 'vitest';
import { FileSpace, MemoryFile } from './memory-file.js';
import { type Content, collectWritten } from './written-files.js';

type Entry = MemoryFile | Map<string, Entry>;

const open = (entry: Entry): Content<Entry> => entry;
const space = new FileSpace();
const bytes = (text: string) => new TextEncoder().encode(text);

function written(text: string): MemoryFile {
  const file = new MemoryFile(space);
  file.write(0, bytes(text));
  return file;
}

it('gives the files that were created or changed, by their paths', () => {
  const changed = new MemoryFile(space, bytes('before'));
  changed.write(0, bytes('b'));
  const folder = new Map<string, Entry>([
    ['changed', changed],
    ['__proto__', written('p')],
  ]);
  const root = new Map<string, Entry>([
    ['given', new MemoryFile(space, bytes('given'))],
    ['empty', new MemoryFile(space)],
    ['folder', folder],
  ]);
  expect(collectWritten<Entry>(root, open)).toEqual(
    new Map([
      ['empty', bytes('')],
      ['folder/changed', bytes('before')],
      ['folder/__proto__', bytes('p')],
    ]),
  );
});

it('gives a file of several names once', () => {
  const file = written('twice');
  const files = collectWritten<Entry>(
    new Map([
      ['a', file],
      ['b', file],
    ]),
    open,
  );
  expect(files.get('a')).toBe(files.get('b'));
});

it('comes to an end in a folder that contains itself', () => {
  const root = new Map<string, Entry>([['file', written('x')]]);
  root.set('self', root);
  expect([...collectWritten<Entry>(root, open).keys()]).toEqual(['file']);
});

it('refuses more files than a page wants', () => {
  const root = new Map<string, Entry>(
    Array.from({ length: 10_001 }, (_, index) => [String(index), new MemoryFile(space)]),
  );
  expect(() => collectWritten<Entry>(root, open)).toThrow(expect.objectContaining({ code: 'too-large' }));
});
