import type { CDPSession, Page } from '@playwright/test';

/** What the JavaScript of a page holds, in all of its threads. */
export interface HeapReader {
  /** The bytes of live objects, after all garbage is collected. */
  read(): Promise<number>;
}

/** To be called before the page starts workers. */
export async function openHeapReader(page: Page): Promise<HeapReader> {
  const session = await page.context().newCDPSession(page);
  const workers = new Set<string>();
  const answers = new Map<number, (result: unknown) => void>();
  let nextId = 0;
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.add(sessionId);
  });
  session.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    answers.get(id)?.(result);
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });

  async function ask(sessionId: string, method: string): Promise<unknown> {
    const id = nextId++;
    const answer = new Promise((resolve) => answers.set(id, resolve));
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
    return answer;
  }

  async function ofWorker(sessionId: string): Promise<number> {
    await ask(sessionId, 'HeapProfiler.collectGarbage');
    const usage = await ask(sessionId, 'Runtime.getHeapUsage');
    return typeof usage === 'object' && usage !== null ? Number(Reflect.get(usage, 'usedSize')) : 0;
  }

  return {
    async read() {
      const sizes = await Promise.all([ofPage(session), ...Array.from(workers, ofWorker)]);
      return sizes.reduce((total, size) => total + size, 0);
    },
  };
}

async function ofPage(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}
