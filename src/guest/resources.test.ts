import { describe, expect, it } from 'vitest';
import { createResources } from './resources.js';

const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('dispose');
const refused = expect.objectContaining({ code: 'invalid-argument' });

/** A class as jco makes one of a resource. */
class Counter {
  static dropped = 0;
  count = 0;

  constructor() {
    Object.defineProperty(this, dispose, { writable: true, value: () => Counter.dropped++ });
  }

  increment(): number {
    return ++this.count;
  }

  async later(): Promise<number> {
    await Promise.resolve();
    return Counter.dropped;
  }

  static pair(): unknown {
    return { both: [new Counter(), new Counter()] };
  }
}

/** As jco passes a resource as `own`. */
function take(counter: object): void {
  Reflect.set(counter, dispose, () => undefined);
}

function fail(counter: object): never {
  take(counter);
  throw Object.assign(new Error('the error of a WIT result'), { payload: { counter: new Counter() } });
}

const holder = { Counter, take, fail, same: (one: unknown, other: unknown) => one === other };

function open() {
  const resources = createResources();
  const find = (name: string) => resources.find(holder, name, 'a:b/c');
  return { resources, find, create: find('[constructor]counter'), increment: find('[method]counter.increment') };
}

describe('resources in the thread of a guest', () => {
  it('leave it as records with numbers that are never used again', async () => {
    const { resources, create, find } = open();
    const type = 'a:b/c#Counter';
    expect(await create()).toEqual({ '#resource': 0, type });
    await resources.drop(0);
    expect(await create()).toEqual({ '#resource': 1, type });
    expect(await find('[static]counter.pair')()).toEqual({
      both: [
        { '#resource': 2, type },
        { '#resource': 3, type },
      ],
    });
    expect(resources.size).toBe(3);
  });

  it('come back as the objects that they are, also twice in a call', async () => {
    const { create, increment, find } = open();
    const handle = await create();
    expect(await increment(handle)).toBe(1);
    expect(await increment(handle)).toBe(2);
    expect(await find('same')(handle, handle)).toBe(true);
  });

  it('are gone when they were dropped, which may be said twice', async () => {
    const { resources, create, increment } = open();
    const handle = await create();
    const before = Counter.dropped;
    await resources.drop(0);
    await resources.drop(0);
    await resources.drop('0');
    expect(Counter.dropped).toBe(before + 1);
    await expect(increment(handle)).rejects.toEqual(refused);
    expect(resources.size).toBe(0);
  });

  it('are gone when the guest took them, without its destructor', async () => {
    const { resources, create, increment, find } = open();
    const handle = await create();
    const before = Counter.dropped;
    await find('take')(handle);
    expect(resources.size).toBe(0);
    await expect(increment(handle)).rejects.toEqual(refused);
    await resources.drop(0);
    expect(Counter.dropped).toBe(before);
  });

  it('pass in the error of a WIT result too', async () => {
    const { resources, create, find } = open();
    const failed = find('fail')(await create());
    await expect(failed).rejects.toMatchObject({ payload: { counter: { '#resource': 1 } } });
    expect(resources.size).toBe(1);
  });

  it('are not dropped while a call is under way', async () => {
    const { resources, create, find } = open();
    const handle = await create();
    const before = Counter.dropped;
    const underway = find('[method]counter.later')(handle);
    await resources.drop(0);
    expect(await underway).toBe(before);
  });

  it('refuse a method that is called on something else', async () => {
    const { increment } = open();
    await expect(increment({ count: 5 })).rejects.toEqual(refused);
    await expect(increment({ '#resource': 99, type: 'a:b/c#Counter' })).rejects.toEqual(refused);
  });
});

describe('a value of the page that is not of the type in WIT', () => {
  it.each([
    'a record has no field width',
    'expected a string, received [undefined]',
    'invalid u8 value [x]',
    '"blue" is not one of the cases of colour',
  ])('is refused as an argument: %s', async (message) => {
    const refuse = () => {
      throw new TypeError(message);
    };
    await expect(createResources().find({ refuse }, 'refuse')()).rejects.toMatchObject({
      code: 'invalid-argument',
      message: `the values of the call do not fit the types of the function: ${message}`,
    });
  });

  it('is not what another error says', async () => {
    const fail = () => {
      throw new TypeError('the guest gave an invalid discriminant');
    };
    await expect(createResources().find({ fail }, 'fail')()).rejects.toThrow(TypeError);
  });
});
