import { describe, expect, it } from 'vitest';
import type { Caller, DeviceTensor } from '../backends/backend.js';
import type { NamedLinkTensor } from './link.js';
import { createResidents } from './residents.js';

/** The tensors of a guest that have stayed on devices: how long, and how many. */

const caller: Caller = { guest: 0, begin: () => () => undefined };

/** A tensor on a device, and how often it has been given back. */
function tensor(byteLength: number, changes: Partial<DeviceTensor> = {}) {
  const log: string[] = [];
  const onDevice: DeviceTensor = {
    type: 'U8',
    dimensions: [byteLength],
    async read() {
      log.push('read');
      return new Uint8Array(byteLength).fill(7);
    },
    async dispose() {
      log.push('dispose');
    },
    ...changes,
  };
  return { onDevice, log };
}

/** An action whose end the test decides. */
function controlled() {
  let end: (fault?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (fault) => (fault ? reject(fault) : resolve());
  });
  return { end, action: () => ended };
}

function numberOf(added: { readonly resident: number } | undefined): number {
  if (!added) throw new Error('the tensor was not taken in');
  return added.resident;
}

const inputOf = (resident: number): NamedLinkTensor => ['x', { type: 'U8', dimensions: [1], resident }];

const unknown = (resident: number) => ({
  code: 'invalid-argument',
  message: `there is no tensor ${resident} on a device: it never was there, or is released`,
});

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('room', () => {
  it('is there for as many bytes as are allowed, and again for those that have gone', async () => {
    const residents = createResidents(10);
    const first = numberOf(residents.add(tensor(6).onDevice));
    expect(residents.add(tensor(5).onDevice)).toBeUndefined();
    expect(residents.byteLength).toBe(6);
    numberOf(residents.add(tensor(4).onDevice));
    expect(residents.byteLength).toBe(10);
    expect(residents.add(tensor(1).onDevice)).toBeUndefined();
    await residents.release(first);
    expect(residents.byteLength).toBe(4);
    expect(residents.add(tensor(7).onDevice)).toBeUndefined();
    numberOf(residents.add(tensor(6).onDevice));
    expect(residents.byteLength).toBe(10);
  });

  it('is there for 10 000 tensors, also where they have no bytes', async () => {
    const residents = createResidents(10);
    const { onDevice } = tensor(0);
    const numbers = Array.from({ length: 10_000 }, () => numberOf(residents.add(onDevice)));
    expect(residents.add(onDevice)).toBeUndefined();
    expect(residents.byteLength).toBe(0);
    await residents.release(numbers[5000] ?? Number.NaN);
    numberOf(residents.add(onDevice));
    expect(residents.add(onDevice)).toBeUndefined();
  });

  it('is taken by shape and type, of which the tensor tells', () => {
    const residents = createResidents(1000);
    const added = residents.add(tensor(0, { type: 'FP16', dimensions: [3, 5] }).onDevice);
    expect(added).toEqual({ type: 'FP16', dimensions: [3, 5], resident: expect.any(Number) });
    expect(residents.byteLength).toBe(30);
  });

  it('is taken by a tensor that is released until nothing uses it', async () => {
    const residents = createResidents(10);
    const resident = numberOf(residents.add(tensor(10).onDevice));
    const { action, end } = controlled();
    const using = residents.use([inputOf(resident)], action);
    await residents.release(resident);
    expect(residents.byteLength).toBe(10);
    expect(residents.add(tensor(1).onDevice)).toBeUndefined();
    end();
    await using;
    expect(residents.byteLength).toBe(0);
  });
});

describe('a tensor that is used', () => {
  it('is given back when the last of what uses it has ended, however that ends', async () => {
    const residents = createResidents(10);
    const { onDevice, log } = tensor(2);
    const resident = numberOf(residents.add(onDevice));
    const [first, second] = [controlled(), controlled()];
    const input = inputOf(resident);
    const using = [residents.use([input, input], first.action), residents.use([input], second.action)];
    await residents.release(resident);
    first.end();
    await using[0];
    expect(log).toEqual([]);
    second.end(new Error('the computation failed'));
    await expect(using[1]).rejects.toThrow('the computation failed');
    await settle();
    expect(log).toEqual(['dispose']);
  });

  it('stays where nobody releases it', async () => {
    const residents = createResidents(10);
    const { onDevice, log } = tensor(2);
    const resident = numberOf(residents.add(onDevice));
    await residents.use([inputOf(resident)], async () => undefined);
    expect(log).toEqual([]);
    expect(await residents.read(resident, caller)).toEqual({
      type: 'U8',
      dimensions: [2],
      data: Uint8Array.of(7, 7),
    });
  });

  it('is what the engine knows, whatever is said of it, and values stay as they are', async () => {
    const residents = createResidents(10);
    const { onDevice } = tensor(2);
    const resident = numberOf(residents.add(onDevice));
    const value = { type: 'U8', dimensions: [1], data: Uint8Array.of(1) } as const;
    const given: NamedLinkTensor[] = [
      ['a', { type: 'FP64', dimensions: [999], resident }],
      ['b', value],
    ];
    const used = await residents.use(given, async (inputs) => inputs);
    expect(used[0]?.[1]).toBe(onDevice);
    expect(used[1]?.[1]).toBe(value);
  });

  it('can be released while it is read', async () => {
    const residents = createResidents(10);
    const reading = controlled();
    const { onDevice, log } = tensor(2, {
      async read() {
        await reading.action();
        return new Uint8Array(2);
      },
    });
    const resident = numberOf(residents.add(onDevice));
    const answer = residents.read(resident, caller);
    await residents.release(resident);
    expect(log).toEqual([]);
    reading.end();
    expect((await answer).data).toEqual(new Uint8Array(2));
    await settle();
    expect(log).toEqual(['dispose']);
  });

  it('may fail to be given back, of which nobody hears then', async () => {
    const residents = createResidents(10);
    const { onDevice } = tensor(2, { dispose: () => Promise.reject(new Error('lost')) });
    const resident = numberOf(residents.add(onDevice));
    const { action, end } = controlled();
    const using = residents.use([inputOf(resident)], action);
    await residents.release(resident);
    end();
    await using;
    await settle();
    expect(residents.byteLength).toBe(0);
  });
});

describe('a number', () => {
  it('means nothing once the tensor is released, and is never used again', async () => {
    const residents = createResidents(10);
    const { onDevice, log } = tensor(2);
    const resident = numberOf(residents.add(onDevice));
    await residents.release(resident);
    await residents.release(resident);
    expect(log).toEqual(['dispose']);
    expect(residents.byteLength).toBe(0);
    expect(numberOf(residents.add(tensor(2).onDevice))).not.toBe(resident);
    await expect(residents.read(resident, caller)).rejects.toMatchObject(unknown(resident));
    expect(residents.byteLength).toBe(2);
  });

  it.each([-1, 0.5, 1, Number.NaN, 2 ** 53])('that was never given out means nothing: %d', async (resident) => {
    const residents = createResidents(10);
    const { onDevice, log } = tensor(2);
    const known = numberOf(residents.add(onDevice));
    await residents.release(resident);
    await expect(residents.read(resident, caller)).rejects.toMatchObject(unknown(resident));
    const using = residents.use([inputOf(known), inputOf(resident)], async () => 'used');
    await expect(using).rejects.toMatchObject(unknown(resident));
    // What was found before it is not in use for that.
    await residents.release(known);
    expect(log).toEqual(['dispose']);
  });
});

describe('close', () => {
  it('gives all back, what is in use when it is not any more', async () => {
    const residents = createResidents(10);
    const [used, unused] = [tensor(2), tensor(3)];
    const resident = numberOf(residents.add(used.onDevice));
    numberOf(residents.add(unused.onDevice));
    const { action, end } = controlled();
    const using = residents.use([inputOf(resident)], action);
    await residents.close();
    expect([used.log, unused.log]).toEqual([[], ['dispose']]);
    expect(residents.byteLength).toBe(2);
    end();
    await using;
    await settle();
    await residents.close();
    expect([used.log, unused.log]).toEqual([['dispose'], ['dispose']]);
    expect(residents.byteLength).toBe(0);
  });

  it('lets nothing in from then on', async () => {
    const residents = createResidents(10);
    await residents.close();
    expect(residents.add(tensor(1).onDevice)).toBeUndefined();
    expect(residents.byteLength).toBe(0);
  });

  it('gives back the others where one cannot be', async () => {
    const residents = createResidents(10);
    const { onDevice, log } = tensor(2);
    numberOf(residents.add(tensor(1, { dispose: () => Promise.reject(new Error('lost')) }).onDevice));
    numberOf(residents.add(onDevice));
    await expect(residents.close()).rejects.toThrow('lost');
    expect(log).toEqual(['dispose']);
    expect(residents.byteLength).toBe(0);
  });
});
