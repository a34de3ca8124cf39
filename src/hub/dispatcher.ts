import type { WasiNNError } from '../standard/error.js';
import type { EngineProcess } from './engine-process.js';

/** Something that is done with an engine while nobody else uses it. */
export type Job<Result> = (engine: EngineProcess) => Promise<Result>;

/**
 * Gives an engine one job at a time: those of a client in the order that they came, and clients by turns. When the
 * engine ends, only the job that it works on fails. The next job starts another engine.
 */
export interface Dispatcher {
  /**
   * @param client who takes turns with others
   * @param signal takes the job out of the queue; a job that has begun goes on
   * @throws what the job throws; the signal's reason
   */
  run<Result>(client: number, job: Job<Result>, signal?: AbortSignal): Promise<Result>;
  /** The engine, where one runs. */
  engine(): EngineProcess | undefined;
  /** Whether a job is under way or waits. */
  isBusy(): boolean;
  /** Starts an engine where none runs, before it is needed. */
  start(): void;
}

interface QueuedJob {
  run(engine: EngineProcess): Promise<void>;
  reject(cause: unknown): void;
  readonly signal: AbortSignal | undefined;
}

/**
 * @param startEngine starts an engine's worker
 * @param onEnd called when an engine has ended, with the cause
 */
export function createDispatcher(startEngine: () => EngineProcess, onEnd: (cause: WasiNNError) => void): Dispatcher {
  /** The jobs of each client that has any; whose turn is next stands first. */
  const queues = new Map<number, QueuedJob[]>();
  let engine: EngineProcess | undefined;
  let isWorking = false;

  function current(): EngineProcess {
    if (engine) return engine;
    const started = startEngine();
    engine = started;
    started.ended.addEventListener('abort', () => {
      engine = undefined;
      onEnd(started.ended.reason);
    });
    return started;
  }

  function takeNext(): QueuedJob | undefined {
    for (const [client, jobs] of queues) {
      const job = jobs.shift();
      queues.delete(client);
      if (jobs.length > 0) queues.set(client, jobs);
      if (job && !job.signal?.aborted) return job;
    }
    return undefined;
  }

  async function work(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    for (let job = takeNext(); job; job = takeNext()) await begin(job);
    isWorking = false;
  }

  async function begin(job: QueuedJob): Promise<void> {
    try {
      await job.run(current());
    } catch (cause) {
      // WebKit throws where a policy forbids the worker.
      job.reject(cause);
    }
  }

  return {
    run(client, job, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => reject(signal?.reason);
        signal?.addEventListener('abort', abort, { once: true });
        const jobs = queues.get(client) ?? [];
        queues.set(client, jobs);
        jobs.push({
          signal,
          reject,
          async run(engine) {
            signal?.removeEventListener('abort', abort);
            resolve(await job(engine));
          },
        });
        void work();
      });
    },
    engine: () => engine,
    isBusy: () => isWorking,
    start() {
      try {
        current();
      } catch {
        // The first job tries again, and its client gets the error.
      }
    },
  };
}
