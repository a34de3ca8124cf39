/** One run of what a worker has started. */
export type Run = () => Promise<unknown>;

/**
 * Serves the page from a worker. A first message has what to start, each number after it asks for so many runs. The worker
 * answers each message with `done`, or with an error.
 */
export function serveRuns<Start extends object>(start: (message: Start) => Promise<Run>): void {
  let run: Run = () => Promise.reject(new Error('not started'));

  globalThis.onmessage = async ({ data }: MessageEvent<Start | number>) => {
    try {
      if (typeof data !== 'number') run = await start(data);
      else for (let time = 0; time < data; time++) await run();
      globalThis.postMessage('done');
    } catch (cause) {
      globalThis.postMessage({ error: String(cause) });
    }
  };
}
