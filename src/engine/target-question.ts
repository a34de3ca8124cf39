import type { WasiNNError } from '../standard/error.js';
import { type ExecutionTarget, executionTargets } from '../standard/graph.js';
import { createRateLimit } from '../standard/rate-limit.js';
import type { TargetAnswer, TargetQuestion } from './protocol.js';
import { createSharedMemory } from './shared-memory.js';

/**
 * How a guest's link learns what a registered model is meant for, which tells the lane to load it in. It asks the page:
 * an engine could not answer while it computes. A
 * guest that asks again and again must not occupy the page's thread, so the link asks {@link questionsPerSecond} times at most.
 */

const questionsPerSecond = 100;

/** So many models can be loaded at once without a pause. */
const burstQuestions = 100;

interface Pending {
  resolve(target: ExecutionTarget): void;
  reject(cause: WasiNNError): void;
}

/** The questions of a thread that goes on while it waits. */
export interface TargetQuestions {
  ask(name: string): Promise<ExecutionTarget>;
  take(answer: TargetAnswer): void;
  /** Rejects every question that is open, and all that follow. */
  fail(cause: WasiNNError): void;
}

/** @param line to the page, whose answers are to be passed to `take` */
export function createTargetQuestions(line: MessagePort): TargetQuestions {
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let ended: WasiNNError | undefined;
  const rate = createRateLimit(questionsPerSecond, burstQuestions);

  return {
    ask: (name) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = nextId++;
        pending.set(id, { resolve, reject });
        const delay = rate.delay();
        rate.take();
        if (delay === 0) post(line, { name, answer: id });
        else setTimeout(() => post(line, { name, answer: id }), delay);
      }),
    take({ answer, target }) {
      pending.get(answer)?.resolve(target);
      pending.delete(answer);
    },
    fail(cause) {
      ended = cause;
      for (const { reject } of pending.values()) reject(cause);
      pending.clear();
    },
  };
}

/** The questions of a thread that blocks until the page has answered. */
export function createBlockingTargetQuestions(line: MessagePort): (name: string) => ExecutionTarget {
  const rate = createRateLimit(questionsPerSecond, burstQuestions);
  return (name) => {
    const answer = createSharedMemory(Int32Array.BYTES_PER_ELEMENT);
    const words = new Int32Array(answer);
    const delay = rate.delay();
    rate.take();
    if (delay > 0) Atomics.wait(words, 0, 0, delay);
    post(line, { name, answer });
    Atomics.wait(words, 0, 0);
    return executionTargets[Atomics.load(words, 0) - 1] ?? 'cpu';
  };
}

/** The page's end. */
export function answerTarget(line: MessagePort, { answer }: TargetQuestion, target: ExecutionTarget): void {
  if (typeof answer === 'number') {
    const message: TargetAnswer = { answer, target };
    line.postMessage(message);
    return;
  }
  const words = new Int32Array(answer);
  Atomics.store(words, 0, executionTargets.indexOf(target) + 1);
  Atomics.notify(words, 0);
}

function post(line: MessagePort, question: TargetQuestion): void {
  line.postMessage(question);
}
