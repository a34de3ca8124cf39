import type { InferenceClient } from '../rpc/inference-client.js';
import {
  batchBytes,
  batchFaults,
  batchRuns,
  type Fault,
  type OutputBatch,
  type OutputRun,
} from '../rpc/output-batch.js';
import type { OutputStream } from '../rpc/program-environment.js';
import { isShared } from '../rpc/shared-memory.js';
import type { WasiNNError } from '../standard/error.js';
import { createRateLimit } from '../standard/rate-limit.js';

/**
 * The guest's end of `output-batch.ts`. A batch leaves when it is full, or when 16 ms have passed since the one before.
 * No timer fires while a guest computes, so each write looks at the clock too.
 *
 * A guest that writes faster than the page takes must neither fill the page's memory nor occupy its thread. So batches
 * are limited to a number a second, and to a number of bytes that the page has not acknowledged. Beyond either limit
 * the guest's thread waits where page and worker share memory. Elsewhere it cannot wait for a message while the guest
 * computes: what exceeds the limits is left out, and a line in the stream says so.
 */

/** The characters of a fault's text. */
const faultCharacters = 4096;

const flushMilliseconds = 16;

/** What a batch costs the page beside its bytes. */
const batchOverheadBytes = 1 << 10;

const batchesPerSecond = 80;

/**
 * What may be sent at once: how many bytes the page may have left unacknowledged, and how many batches may follow one
 * another without a pause. A thread that cannot wait has more, so that it seldom has to leave out anything.
 */
const limits = {
  waiting: { windowBytes: 1 << 20, burstBatches: 64 },
  omitting: { windowBytes: 16 << 20, burstBatches: 256 },
};

export interface OutputBuffer {
  /** Takes bytes that the guest writes; they are copied. May block the thread. */
  write(stream: OutputStream, bytes: Uint8Array): void;
  /** Takes an error that wasi-nn answers the guest with. */
  report(error: WasiNNError, functionName: string): void;
  /** Sends what is gathered, as far as the limits allow. For a thread that is about to block. */
  flush(): void;
  /** Sends all that is gathered. For what the page must have before the answer to a call. */
  flushAll(): void;
}

/** @param acknowledged see `createAcknowledgement` */
export function createOutputBuffer(acknowledged: Int32Array, send: (batch: OutputBatch) => void): OutputBuffer {
  const canWait = isShared(acknowledged.buffer);
  const { windowBytes, burstBatches } = canWait ? limits.waiting : limits.omitting;
  const rate = createRateLimit(batchesPerSecond, burstBatches);
  const buffer = new Uint8Array(batchBytes);
  let used = 0;
  let runs: OutputRun[] = [];
  let faults: Fault[] = [];
  let omittedFaults = 0;
  const omittedBytes: Record<OutputStream, number> = { stdout: 0, stderr: 0 };
  let sent = 0;
  let lastSent = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const isEmpty = () => runs.length === 0 && faults.length === 0;
  const unacknowledged = () => (sent - Atomics.load(acknowledged, 0)) | 0;
  const maySend = () => unacknowledged() < windowBytes && rate.delay() === 0;

  function hasRoom(stream: OutputStream): boolean {
    return used < batchBytes && (runs.length < batchRuns || runs.at(-1)?.stream === stream);
  }

  function append(stream: OutputStream, bytes: Uint8Array): void {
    buffer.set(bytes, used);
    used += bytes.byteLength;
    const last = runs.at(-1);
    if (last?.stream !== stream) runs.push({ stream, byteLength: bytes.byteLength });
    else runs[runs.length - 1] = { stream, byteLength: last.byteLength + bytes.byteLength };
  }

  function sendBatch(): void {
    clearTimeout(timer);
    timer = undefined;
    const characters = faults.reduce((total, { error }) => total + error.message.length, 0);
    sent = (sent + used + characters + batchOverheadBytes) | 0;
    lastSent = performance.now();
    rate.take();
    const batch = { bytes: buffer.slice(0, used), runs, faults, omittedFaults, sent };
    used = 0;
    runs = [];
    faults = [];
    omittedFaults = 0;
    send(batch);
    sayWhatIsOmitted();
    if (!isEmpty()) flushLater();
  }

  /** To be called with an empty buffer. */
  function sayWhatIsOmitted(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (omittedBytes[stream] === 0) continue;
      append(stream, omission(omittedBytes[stream]));
      omittedBytes[stream] = 0;
    }
  }

  /** Blocks until the limits allow another batch. */
  function waitToSend(): void {
    for (;;) {
      const seen = Atomics.load(acknowledged, 0);
      if (((sent - seen) | 0) >= windowBytes) Atomics.wait(acknowledged, 0, seen);
      else if (rate.delay() > 0) Atomics.wait(acknowledged, 0, seen, rate.delay());
      else return;
    }
  }

  /** Empties the buffer; false where that must not be now. */
  function makeRoom(): boolean {
    if (!maySend()) {
      if (!canWait) return false;
      waitToSend();
    }
    sendBatch();
    return true;
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (isEmpty()) return;
    if (maySend()) sendBatch();
    else flushLater();
  }

  function flushLater(): void {
    timer ??= setTimeout(flush, flushMilliseconds);
  }

  function flushInTime(): void {
    if (isEmpty()) return;
    if (performance.now() - lastSent >= flushMilliseconds && maySend()) sendBatch();
    else flushLater();
  }

  return {
    write(stream, bytes) {
      for (let rest = bytes; rest.byteLength > 0; ) {
        if (!hasRoom(stream) && !makeRoom()) {
          omittedBytes[stream] += rest.byteLength;
          return;
        }
        const part = rest.subarray(0, batchBytes - used);
        append(stream, part);
        rest = rest.subarray(part.byteLength);
      }
      flushInTime();
    },
    report(error, functionName) {
      if (faults.length === batchFaults) {
        omittedFaults++;
      } else {
        const { code, message } = error;
        faults.push({ functionName, error: { code, message: message.slice(0, faultCharacters) } });
      }
      flushInTime();
    },
    flush,
    flushAll() {
      while (!isEmpty()) sendBatch();
    },
  };
}

/** A client whose calls block the thread: what the guest has written before leaves first. */
export function flushFirst(client: InferenceClient, flush: () => void): InferenceClient {
  const after = <Values extends unknown[], Result>(call: (...values: Values) => Result) => {
    return (...values: Values) => {
      flush();
      return call(...values);
    };
  };
  return {
    load: after(client.load),
    loadByName: after(client.loadByName),
    compute: after(client.compute),
    unload: after(client.unload),
    readTensor: after(client.readTensor),
    releaseTensor: after(client.releaseTensor),
    startText: after(client.startText),
    readText: after(client.readText),
    stopText: after(client.stopText),
  };
}

function omission(bytes: number): Uint8Array {
  const text = `\n[${bytes} bytes are left out here: the guest wrote faster than its page could take (docs/security.md)]\n`;
  return new TextEncoder().encode(text);
}
