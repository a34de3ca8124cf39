import type { Entry } from './preview2-tree.js';

/** What `wasi:filesystem` says of an entry: its type, status and hash. */

const epoch = { seconds: 0n, nanoseconds: 0 };

export function typeOf({ kind }: Entry) {
  const types = { file: 'regular-file', folder: 'directory', link: 'symbolic-link' } as const;
  return types[kind];
}

export function statOf(entry: Entry) {
  return {
    type: typeOf(entry),
    linkCount: BigInt(entry.kind === 'file' ? entry.links : 1),
    size: BigInt(sizeOf(entry)),
    dataAccessTimestamp: epoch,
    dataModificationTimestamp: epoch,
    statusChangeTimestamp: epoch,
  };
}

function sizeOf(entry: Entry): number {
  switch (entry.kind) {
    case 'file':
      return entry.file.byteLength;
    case 'folder':
      return 0;
    case 'link':
      return new TextEncoder().encode(entry.target).byteLength;
  }
}

export function hashOf({ id, version }: Entry) {
  return { upper: id, lower: version };
}
