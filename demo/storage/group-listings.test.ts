import { expect, it } from 'vitest';
import { groupListings } from './group-listings.js';

const listing = { encoding: 'onnx', target: 'cpu', cached: 'whole', cachedBytes: 10, size: 10 } as const;

it('lists a file once, with all its names and when it was last used', () => {
  const files = groupListings([
    { ...listing, name: 'a/cpu', urls: ['/a'], lastUsed: new Date(1) },
    { ...listing, name: 'a/gpu', urls: ['/a'], lastUsed: new Date(2) },
    { ...listing, name: 'b', urls: ['/b'], cached: 'no', cachedBytes: 0 },
  ]);
  expect(files).toEqual([
    { names: ['a/cpu', 'a/gpu'], url: '/a', cached: 'whole', cachedBytes: 10, size: 10, lastUsed: new Date(2) },
    { names: ['b'], url: '/b', cached: 'no', cachedBytes: 0, size: 10, lastUsed: undefined },
  ]);
});
