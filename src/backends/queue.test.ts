import { describe, expect, it } from 'vitest';
import { createQueue } from './queue.js';

/** A task whose end the test decides. */
function controlledTask<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (cause: Error) => void = () => undefined;
  let begun = false;
  const promise = new Promise<Value>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  const task = () => {
    begun = true;
    return promise;
  };
  return { task, resolve, reject, begun: () => begun };
}

/** Lets everything run that does not wait for the test. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('createQueue', () => {
  it('answers with what the task answers', async () => {
    const queue = createQueue();
    expect(await queue(async () => 'done')).toBe('done');
  });

  it('starts a task only when the one before has ended, in the order that they came', async () => {
    const queue = createQueue();
    const first = controlledTask<string>();
    const second = controlledTask<string>();
    const third = controlledTask<string>();
    const ended: string[] = [];
    const all = [first, second, third].map(({ task }) => queue(task).then((value) => ended.push(value)));

    await settle();
    expect([first, second, third].map(({ begun }) => begun())).toEqual([true, false, false]);
    third.resolve('third');
    second.resolve('second');
    await settle();
    expect(second.begun()).toBe(false);
    first.resolve('first');
    await Promise.all(all);
    expect(ended).toEqual(['first', 'second', 'third']);
  });

  it('goes on after a task that fails, and tells only its caller', async () => {
    const queue = createQueue();
    const failing = controlledTask<never>();
    const failed = queue(failing.task);
    const next = queue(async () => 'next');
    const last = queue(async () => 'last');
    failing.reject(new Error('broken'));
    await expect(failed).rejects.toThrow('broken');
    expect(await Promise.all([next, last])).toEqual(['next', 'last']);
  });

  it('goes on after a task that throws before it returns a promise', async () => {
    const queue = createQueue();
    const failed = queue(() => {
      throw new RangeError('at once');
    });
    const next = queue(async () => 'next');
    await expect(failed).rejects.toThrow(RangeError);
    expect(await next).toBe('next');
  });

  it('takes a task when all others have failed', async () => {
    const queue = createQueue();
    await expect(queue(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await queue(async () => 'later')).toBe('later');
  });

  it('is independent of other queues', async () => {
    const waiting = controlledTask<string>();
    const blocked = createQueue()(waiting.task);
    expect(await createQueue()(async () => 'free')).toBe('free');
    waiting.resolve('late');
    expect(await blocked).toBe('late');
  });
});

describe('callers', () => {
  /** Puts tasks of several guests into a queue that is busy, and tells in which order they run. */
  async function orderOf(guests: readonly number[]): Promise<number[]> {
    const queue = createQueue();
    const gate = controlledTask<void>();
    const order: number[] = [];
    const all = [queue(gate.task)];
    for (const guest of guests) {
      const caller = { guest, begin: () => () => undefined };
      all.push(
        queue(async () => {
          order.push(guest);
        }, caller),
      );
    }
    gate.resolve();
    await Promise.all(all);
    return order;
  }

  it('take turns, however many tasks one of them has', async () => {
    expect(await orderOf([1, 1, 1, 1, 2, 2, 3])).toEqual([1, 2, 3, 1, 2, 1, 1]);
  });

  it('are told when their turn begins and ends, and not of the time before', async () => {
    const queue = createQueue();
    const log: string[] = [];
    const caller = (guest: number) => ({
      guest,
      begin() {
        log.push(`begin ${guest}`);
        return () => log.push(`end ${guest}`);
      },
    });
    const failing = queue(() => Promise.reject(new Error('broken')), caller(1));
    const next = queue(async () => log.push('work 2'), caller(2));
    await expect(failing).rejects.toThrow('broken');
    await next;
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'work 2', 'end 2']);
  });

  it('can refuse their turn', async () => {
    const queue = createQueue();
    const begin = () => {
      throw new Error('gone');
    };
    await expect(queue(async () => 'done', { guest: 1, begin })).rejects.toThrow('gone');
    expect(await queue(async () => 'next')).toBe('next');
  });
});
