import { chunkBytes } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import type { ModelOptions } from './model-options.js';
import { type FileSite, openTestModels } from './models.fixture.js';

/** Three whole chunks and some more. */
export const large = patternBytes(3 * chunkBytes + 1000);

/** Another version of a file. */
export const newer = patternBytes(6000, 2);

export const date = 'Sat, 01 Jan 2022 00:00:00 GMT';
export const laterDate = 'Sun, 02 Jan 2022 00:00:00 GMT';

/** What a page does on a visit of its own. */
export function visit(options: ModelOptions | string) {
  const { models, ...rest } = openTestModels({ m: options }, 'https://page.example/');
  return { ...rest, models, load: async () => (await models.open('m')).parts[0] ?? new Uint8Array() };
}

/** The status of each answer. */
export const statuses = ({ requests }: FileSite) => requests.map(({ status }) => status);
