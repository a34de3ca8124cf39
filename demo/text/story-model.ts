import type { ModelsTable } from '../../src/index.js';

/** The name by which guests load the language model of this site. */
export const storyName = 'wonderland';

/** @param root the way to the root of the site, from the page */
export function storyModel(root: string): ModelsTable {
  return { [storyName]: { url: `${root}models/wonderland.gguf`, encoding: 'ggml', immutable: true } };
}
