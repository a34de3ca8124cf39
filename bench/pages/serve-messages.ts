/** One run of what a worker has started. */
export type Run = () => Promise<unknown>;

/** Serves the page from a worker, which answers each message with `done` once it has handled it, or with an error. */
export function serveMessages<Message>(handle: (message: Message) => Promise<void>): void {
  globalThis.onmessage = async ({ data }: MessageEvent<Message>) => {
    try {
      await handle(data);
      globalThis.postMessage('done');
    } catch (cause) {
      globalThis.postMessage({ error: String(cause) });
    }
  };
}

/** Serves the page from a worker. A first message has what to start, each number after it asks for so many runs. */
export function serveRuns<Start extends object>(start: (message: Start) => Promise<Run>): void {
  let run: Run = () => Promise.reject(new Error('not started'));

  serveMessages<Start | number>(async (message) => {
    if (typeof message !== 'number') run = await start(message);
    else for (let time = 0; time < message; time++) await run();
  });
}
