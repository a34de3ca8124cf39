import { describe, expect, it } from 'vitest';
import { newestWins } from './newest-wins.js';

/** A run whose end the test decides, and a record of what was started. */
function controlledRun() {
  const started: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const run = (request: string) => {
    started.push(request);
    return new Promise<string>((resolve, reject) => {
      ends.set(request, { resolve: () => resolve(`answer to ${request}`), reject });
    });
  };
  const end = (request: string) => {
    const controls = ends.get(request);
    if (!controls) throw new Error(`${request} was not started.`);
    return controls;
  };
  return { started, run, end };
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

describe('newestWins', () => {
  it('answers a request', async () => {
    const queue = newestWins(async (request: string) => request.length);
    expect(await queue.submit('three')).toBe(5);
  });

  it('runs one at a time and lets only the newest wait', async () => {
    const { started, run, end } = controlledRun();
    const queue = newestWins(run);
    const first = queue.submit('a');
    await turn();
    const others = ['b', 'c', 'd'].map((request) => queue.submit(request));
    await turn();
    expect(started).toEqual(['a']);
    end('a').resolve();
    await turn();
    expect(started).toEqual(['a', 'd']);
    end('d').resolve();
    expect(await first).toBeUndefined();
    expect(await Promise.all(others)).toEqual([undefined, undefined, 'answer to d']);
  });

  it('runs only the last of those submitted at once', async () => {
    const { started, run, end } = controlledRun();
    const queue = newestWins(run);
    const first = queue.submit('a');
    const second = queue.submit('b');
    await turn();
    expect(started).toEqual(['b']);
    end('b').resolve();
    expect(await Promise.all([first, second])).toEqual([undefined, 'answer to b']);
  });

  it('gives no answer to what was withdrawn, and runs what comes after it', async () => {
    const { started, run, end } = controlledRun();
    const queue = newestWins(run);
    const withdrawn = queue.submit('a');
    await turn();
    queue.withdraw();
    const next = queue.submit('b');
    end('a').resolve();
    await turn();
    end('b').resolve();
    expect(await withdrawn).toBeUndefined();
    expect(await next).toBe('answer to b');
    expect(started).toEqual(['a', 'b']);
  });

  it('passes a failure on and goes on after it', async () => {
    const { run, end } = controlledRun();
    const queue = newestWins(run);
    const failing = queue.submit('a');
    await turn();
    end('a').reject(new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    const next = queue.submit('b');
    await turn();
    end('b').resolve();
    expect(await next).toBe('answer to b');
  });

  it('keeps quiet about the failure of a request that was overtaken', async () => {
    const { run, end } = controlledRun();
    const queue = newestWins(run);
    const overtaken = queue.submit('a');
    await turn();
    const next = queue.submit('b');
    end('a').reject(new Error('broken'));
    await turn();
    end('b').resolve();
    expect(await overtaken).toBeUndefined();
    expect(await next).toBe('answer to b');
  });
});
