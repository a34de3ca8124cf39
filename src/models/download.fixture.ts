import { expect } from 'vitest';
import { chunkBytes } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import type { ModelOptions } from './model-options.js';
import { type FileSite, openTestModels, readStored } from './models.fixture.js';

export const base = 'https://page.example/';

export const small = patternBytes(5000);

/** Two whole chunks and some more. */
export const large = patternBytes(2 * chunkBytes + 1000);

export function open(options: ModelOptions | string) {
  const { models, ...rest } = openTestModels({ m: options }, base);
  return {
    ...rest,
    models,
    load: async (signal?: AbortSignal) => (await models.open('m', signal)).parts[0] ?? new Uint8Array(),
  };
}

export const expectNothingKept = async () => expect(await readStored()).toEqual([]);

/** The ranges that were asked for. */
export const ranges = ({ requests }: FileSite) => requests.map(({ range }) => range);

/** How many bytes were sent. */
export const sent = ({ requests }: FileSite) => requests.reduce((sum, request) => sum + request.sent, 0);
