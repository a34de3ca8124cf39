import { type PageReply, waitForReply } from '../rpc/page-reply.js';

/** How a guest's thread asks the page for its standard input. */
export interface InputCalls {
  /** Asks for the next piece, while the guest is suspended. */
  request(): Promise<PageReply>;
  /** Has the next piece written to the memory. */
  notify(): void;
  /** Where the page writes pieces, for a thread that blocks. */
  readonly replies: Int32Array | undefined;
}

/** The page could not give the guest its standard input. */
export class InputError extends Error {}

/** A standard input that the page provides piece by piece. */
export interface PageInput {
  /**
   * Sees to it that the next `take` has something to take. A thread that blocks waits here.
   *
   * @returns what a guest that is suspended waits for, where it must
   */
  ready(): Promise<void> | undefined;
  /** Takes bytes of the piece that is there. @returns undefined at the end @throws InputError */
  take(byteLength: number): Uint8Array | undefined;
}

/** A standard input that is at its end. */
export const emptyInput: PageInput = { ready: () => undefined, take: () => undefined };

/** @param suspends whether the guest is suspended while it waits. Otherwise its thread blocks */
export function createPageInput({ request, notify, replies }: InputCalls, suspends: boolean): PageInput {
  let reply: PageReply = { bytes: new Uint8Array() };

  function isEmpty(): boolean {
    return 'bytes' in reply && reply.bytes.byteLength === 0;
  }

  function block(): PageReply {
    if (!replies) return { error: 'stdin: the guest cannot wait for the page' };
    notify();
    return waitForReply(replies);
  }

  return {
    ready() {
      if (!isEmpty()) return undefined;
      if (suspends) {
        return request().then((next) => {
          reply = next;
        });
      }
      reply = block();
      return undefined;
    },
    take(byteLength) {
      if ('error' in reply) {
        const { error } = reply;
        reply = { end: true };
        throw new InputError(error);
      }
      if ('end' in reply) return undefined;
      const taken = reply.bytes.subarray(0, byteLength);
      reply = { bytes: reply.bytes.subarray(taken.byteLength) };
      return taken;
    },
  };
}
