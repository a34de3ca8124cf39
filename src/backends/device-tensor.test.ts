import { describe, expect, it } from 'vitest';
import type { DeviceTensor } from './backend.js';
import { discard, fetchAll, type NamedComputedTensor } from './device-tensor.js';

/** Three outputs, of which the first and the last have stayed on a device, and what is done with those. */
function open(faults: { readonly read?: Error; readonly dispose?: Error } = {}) {
  const log: string[] = [];
  const staying = (name: string, { read, dispose }: typeof faults): NamedComputedTensor => {
    const tensor: DeviceTensor = {
      type: 'U8',
      dimensions: [1],
      async read() {
        log.push(`read ${name}`);
        if (read) throw read;
        return Uint8Array.of(7);
      },
      async dispose() {
        log.push(`dispose ${name}`);
        if (dispose) throw dispose;
      },
    };
    return [name, tensor];
  };
  const value = { type: 'U8', dimensions: [1], data: Uint8Array.of(1) } as const;
  const outputs: NamedComputedTensor[] = [staying('a', faults), ['b', value], staying('c', {})];
  return { log, outputs };
}

describe('fetchAll', () => {
  it('gives the values in their order, and all places back', async () => {
    const { outputs, log } = open();
    expect((await fetchAll(outputs)).map(([name, { data }]) => [name, ...data])).toEqual([
      ['a', 7],
      ['b', 1],
      ['c', 7],
    ]);
    expect(log).toEqual(['read a', 'read c', 'dispose a', 'dispose c']);
  });

  it('gives all places back where one cannot be read', async () => {
    const { outputs, log } = open({ read: new Error('lost'), dispose: new Error('gone') });
    await expect(fetchAll(outputs)).rejects.toThrow('lost');
    expect(log).toEqual(['read a', 'dispose a', 'dispose c']);
  });
});

it('discard goes on where a place cannot be given back', async () => {
  const { outputs, log } = open({ dispose: new Error('gone') });
  await discard(outputs);
  expect(log).toEqual(['dispose a', 'dispose c']);
});
