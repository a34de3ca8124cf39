import { beforeEach, describe, expect, it } from 'vitest';
import { createSharing, type Participant, type Sharing } from './sharing.js';

interface Action {
  readonly signal: AbortSignal;
  notify(notice: string): void;
  resolve(result: string): void;
  reject(cause: unknown): void;
}

let sharing: Sharing<string, string>;
let actions: Action[];

beforeEach(() => {
  sharing = createSharing();
  actions = [];
});

const never = new AbortController().signal;

function join(key: string, participant: Partial<Participant<string>> = {}) {
  return sharing.join(
    key,
    { signal: never, onNotice: () => undefined, ...participant },
    (signal, notify) => new Promise((resolve, reject) => actions.push({ signal, notify, resolve, reject })),
  );
}

describe('createSharing', () => {
  it('carries out one action for all that ask meanwhile, and tells the first from the others', async () => {
    const both = Promise.all([join('a'), join('a')]);
    expect(actions).toHaveLength(1);
    actions[0]?.resolve('result');
    expect(await both).toEqual([
      { result: 'result', isFirst: true },
      { result: 'result', isFirst: false },
    ]);
  });

  it('carries out another for another key, and another when the first has ended', async () => {
    const first = join('a');
    void join('b');
    expect(actions).toHaveLength(2);
    actions[0]?.resolve('first');
    await first;
    const again = join('a');
    expect(actions).toHaveLength(3);
    actions[2]?.resolve('again');
    expect(await again).toEqual({ result: 'again', isFirst: true });
  });

  it('fails for all, and starts over for who asks then', async () => {
    const both = Promise.allSettled([join('a'), join('a')]);
    const reason = new Error('on purpose');
    actions[0]?.reject(reason);
    expect(await both).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    void join('a');
    expect(actions).toHaveLength(2);
  });

  it('knows what is under way', async () => {
    expect(sharing.isUnderway('a')).toBe(false);
    const joined = join('a');
    expect(['a', 'b'].map(sharing.isUnderway)).toEqual([true, false]);
    actions[0]?.resolve('result');
    await joined;
    expect(sharing.isUnderway('a')).toBe(false);
  });

  it('passes notices on to all that wait', () => {
    const notices: string[] = [];
    void join('a', { onNotice: (notice) => notices.push(`first ${notice}`) });
    actions[0]?.notify('one');
    void join('a', { onNotice: (notice) => notices.push(`second ${notice}`) });
    actions[0]?.notify('two');
    expect(notices).toEqual(['first one', 'first two', 'second two']);
  });

  it('aborts the action when the last that waits has gone, and not before', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const notices: string[] = [];
    const first = join('a', { signal: one.signal, onNotice: (notice) => notices.push(notice) });
    const second = join('a', { signal: other.signal });
    one.abort('first went');
    await expect(first).rejects.toBe('first went');
    actions[0]?.notify('nobody but the second gets this');
    expect(notices).toEqual([]);
    expect(actions[0]?.signal.aborted).toBe(false);

    other.abort('second went');
    await expect(second).rejects.toBe('second went');
    expect(actions[0]?.signal.reason).toBe('second went');
  });

  it('goes on for the others when the first has gone', async () => {
    const controller = new AbortController();
    const first = join('a', { signal: controller.signal });
    const second = join('a');
    controller.abort('gone');
    await expect(first).rejects.toBe('gone');
    actions[0]?.resolve('result');
    expect(await second).toEqual({ result: 'result', isFirst: false });
  });

  it('starts over for who comes after all have gone, whatever the aborted action does', async () => {
    const controller = new AbortController();
    const gone = join('a', { signal: controller.signal });
    controller.abort('gone');
    await expect(gone).rejects.toBe('gone');
    const next = join('a');
    expect(actions).toHaveLength(2);
    actions[0]?.reject('gone');
    void join('a');
    expect(actions).toHaveLength(2);
    actions[1]?.resolve('right');
    expect(await next).toEqual({ result: 'right', isFirst: true });
  });

  it('starts nothing for a signal that is aborted already', async () => {
    await expect(join('a', { signal: AbortSignal.abort('early') })).rejects.toBe('early');
    expect(actions).toEqual([]);
  });

  it('aborts nothing when a signal goes after the end', async () => {
    const controller = new AbortController();
    const done = join('a', { signal: controller.signal });
    actions[0]?.resolve('result');
    await done;
    controller.abort();
    expect(actions[0]?.signal.aborted).toBe(false);
  });
});
