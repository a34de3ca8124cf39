import { describe, expect, it } from 'vitest';
import { dataOf, unused } from '../rpc/client.fixture.js';
import type { GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import { createContextCount } from './context-count.js';
import { createWitBinding } from './wit.js';
import { promptBinding } from './wit-prompt.js';

const info: GraphInfo = {
  id: 7,
  backend: 'fake',
  device: { target: 'cpu', provider: 'wasm', description: 'fake' },
  inputs: 'any',
  outputs: 'any',
};
const text = { buildNumber: 1, commit: 'c', contextTokens: 8, takesImages: false };

/** A model that answers with its prompt in capitals, and fails where it has none. */
function start(graph: GraphInfo = { ...info, text }) {
  const unloaded: number[] = [];
  const errors: string[] = [];
  const client: InferenceClient = {
    ...unused,
    loadByName: () => graph,
    compute(_, inputs) {
      const prompt = new TextDecoder().decode(dataOf(inputs[0]?.[1]));
      if (prompt === '') throw new WasiNNError('too-large', 'compute: the prompt is too long');
      const data = new TextEncoder().encode(prompt.toUpperCase());
      const output = { type: 'U8', dimensions: [data.byteLength], data } as const;
      return inputs.map(([name]) => [name, output] as const);
    },
    unload: (id) => void unloaded.push(id),
  };
  const contexts = createContextCount();
  const binding = createWitBinding(client, contexts, ({ message }, name) => errors.push(`${name}: ${message}`));
  const load = async () => binding.graph.loadByName('model');
  return { load, unloaded, errors };
}

describe('a context of the prompt interface', () => {
  it('answers each prompt, and keeps its graph until it is dropped', async () => {
    const { load, unloaded } = start();
    const context = await promptBinding.init(await load());
    expect([await context.compute('grün'), await context.compute('b')]).toEqual(['GRÜN', 'B']);
    expect(unloaded).toEqual([]);
    context[Symbol.dispose]();
    expect(unloaded).toEqual([7]);
  });

  it('fails with a text', async () => {
    const { load, errors } = start();
    const context = await promptBinding.init(await load());
    const failure = expect.objectContaining({ payload: 'compute: the prompt is too long' });
    expect(() => context.compute('')).toThrow(failure);
    expect(errors).toEqual(['compute: compute: the prompt is too long']);
  });

  it('takes language models alone, and drops other graphs', async () => {
    const { load, unloaded } = start(info);
    const graph = await load();
    expect(() => promptBinding.init(graph)).toThrow('init: the graph is no language model');
    expect(unloaded).toEqual([7]);
  });
});
