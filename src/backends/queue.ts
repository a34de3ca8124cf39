import type { Caller } from './backend.js';

/**
 * Runs tasks one at a time: those of a caller in the order that they came, and callers by turns. Tasks without a caller
 * take turns as one caller does.
 */
export interface Queue {
  <Result>(task: () => Promise<Result>, caller?: Caller): Promise<Result>;
  /** Begins no more tasks; those that wait are never answered. */
  stop(): void;
}

type Job = () => Promise<void>;

/**
 * Makes a queue that a failing task does not stop. The modules of onnxruntime-web and LiteRT.js need one each: concurrent
 * calls hang, reject or compute wrong numbers in most of their builds.
 */
export function createQueue(): Queue {
  /** The jobs of each guest that has any; whose turn is next stands first. */
  const waiting = new Map<number | undefined, Job[]>();
  let busy = false;
  let stopped = false;

  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let job = takeNext(waiting); job && !stopped; job = takeNext(waiting)) await job();
    busy = false;
  }

  function enqueue<Result>(task: () => Promise<Result>, caller?: Caller): Promise<Result> {
    return new Promise((resolve, reject) => {
      const jobs = waiting.get(caller?.guest) ?? [];
      jobs.push(() => run(task, caller).then(resolve, reject));
      waiting.set(caller?.guest, jobs);
      void work();
    });
  }

  const stop = () => {
    stopped = true;
  };
  return Object.assign(enqueue, { stop });
}

async function run<Result>(task: () => Promise<Result>, caller: Caller | undefined): Promise<Result> {
  const end = caller?.begin();
  try {
    return await task();
  } finally {
    end?.();
  }
}

function takeNext(waiting: Map<number | undefined, Job[]>): Job | undefined {
  const [turn] = waiting;
  if (!turn) return undefined;
  const [guest, jobs] = turn;
  const job = jobs.shift();
  waiting.delete(guest);
  if (jobs.length > 0) waiting.set(guest, jobs);
  return job;
}
