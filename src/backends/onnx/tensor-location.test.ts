import type { InferenceSession } from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { outputTypes } from '../webnn.js';
import { createWithDeviceOutputs } from './tensor-location.js';

/** Makes a session whose outputs have these types. @param types those that the device can keep */
async function create(outputTypes: readonly string[], types: readonly string[]): Promise<unknown[]> {
  const log: unknown[] = [];
  const outputMetadata = outputTypes.map((type, index) => ({ isTensor: type !== 'sequence', name: `y${index}`, type }));
  const release = async () => {
    log.push('release');
  };
  await createWithDeviceOutputs(
    async (places) => {
      log.push(places);
      return { outputMetadata, release } as unknown as InferenceSession;
    },
    { location: 'ml-tensor', owner: {}, types: new Set(types) },
  );
  return log;
}

describe('outputs', () => {
  it('stay where they can', async () => {
    expect(await create(['float32', 'int64'], ['float32', 'int64'])).toEqual(['ml-tensor']);
  });

  it('come where their device cannot keep their type, and alone', async () => {
    const places = { y0: 'ml-tensor', y1: 'cpu', y2: 'cpu' };
    expect(await create(['float32', 'int64', 'float64'], ['float32', 'int32'])).toEqual([
      'ml-tensor',
      'release',
      places,
    ]);
  });

  it('come where wasi-nn has no name for their type, or they are no tensors', async () => {
    const places = { y0: 'cpu', y1: 'cpu' };
    expect(await create(['int8', 'sequence'], ['int8', 'sequence'])).toEqual(['ml-tensor', 'release', places]);
  });
});

describe('the types of a WebNN context', () => {
  it('are those that it names for outputs', () => {
    const opSupportLimits = () => ({ input: { dataTypes: ['int8'] }, output: { dataTypes: ['float32', 'int32'] } });
    expect([...outputTypes({ opSupportLimits })]).toEqual(['float32', 'int32']);
  });

  it.each([{}, { opSupportLimits: 5 }, { opSupportLimits: () => null }, { opSupportLimits: () => ({ output: {} }) }])(
    'are none where it does not list them (%#)',
    (context) => {
      expect([...outputTypes(context)]).toEqual([]);
    },
  );
});
