import type { InferenceSession } from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import type { TensorInfo, TensorValue } from '../../standard/tensor.js';
import { canBeShaped, createShapedSessions, type Lengths } from './shaped-sessions.js';

const inputs: TensorInfo[] = [
  { name: 'a', type: 'FP32', shape: ['n', 3, 'm'] },
  { name: 'b', type: 'FP32', shape: ['n'] },
];

/** Sessions that are only named, and what has been done with them. */
function open() {
  const log: string[] = [];
  const faults = new Set<number | undefined>();
  const session = (name: string) => ({ inputNames: [name] }) as unknown as InferenceSession;
  const release = async ({ inputNames }: InferenceSession) => {
    log.push(`release ${inputNames}`);
  };
  const names = new Map<InferenceSession, string>();
  const general = session('general');
  names.set(general, 'general');
  const create = async (lengths: Lengths) => {
    const name = JSON.stringify(lengths);
    log.push(`create ${name}`);
    if (faults.has(lengths.n)) throw new Error('WebNN takes nothing');
    const made = session(name);
    names.set(made, name);
    return made;
  };
  const shaped = createShapedSessions(inputs, create, release, general);
  return {
    log,
    faults,
    shaped,
    sessionFor: async (n: number, m = 1) => names.get(await shaped.sessionFor(tensors(n, m))),
  };
}

function tensors(n: number, m: number): ReadonlyMap<string, TensorValue> {
  const tensor = (...dimensions: number[]): TensorValue => ({ type: 'FP32', dimensions, data: new Uint8Array() });
  return new Map([
    ['a', tensor(n, 3, m)],
    ['b', tensor(n)],
  ]);
}

describe('a model can be shaped', () => {
  it.each([
    [true, inputs],
    [false, [{ name: 'a', type: 'FP32', shape: [1, 3] }]],
    [false, [{ name: 'a', type: 'FP32', shape: ['n', '?'] }]],
    [false, []],
  ] satisfies [boolean, TensorInfo[]][])('%s: %j', (expected, inputs) => {
    expect(canBeShaped(inputs)).toBe(expected);
  });
});

describe('sessions for shapes', () => {
  it('are made once for each', async () => {
    const { log, sessionFor } = open();
    expect(await sessionFor(1)).toBe('{"n":1,"m":1}');
    expect(await sessionFor(2, 5)).toBe('{"n":2,"m":5}');
    expect(await sessionFor(1)).toBe('{"n":1,"m":1}');
    expect(log).toEqual(['create {"n":1,"m":1}', 'create {"n":2,"m":5}']);
  });

  it('are released when others were used more lately, and with the graph', async () => {
    const { log, sessionFor, shaped } = open();
    for (const n of [1, 2, 3, 4, 1, 5]) await sessionFor(n);
    expect(log.filter((line) => line.startsWith('release'))).toEqual(['release {"n":2,"m":1}']);
    await shaped.release();
    expect(log.filter((line) => line.startsWith('release'))).toHaveLength(5);
  });

  it('are replaced by the general one where they cannot be made, which is tried once', async () => {
    const { log, faults, sessionFor } = open();
    faults.add(7);
    await sessionFor(1);
    expect([await sessionFor(7), await sessionFor(7), await sessionFor(1)]).toEqual([
      'general',
      'general',
      '{"n":1,"m":1}',
    ]);
    expect(log.filter((line) => line.startsWith('create'))).toHaveLength(2);
  });

  it('fail where not even the first can be made', async () => {
    const { faults, sessionFor } = open();
    faults.add(7);
    await expect(sessionFor(7)).rejects.toThrow('WebNN takes nothing');
  });
});
