import {
  type Call,
  computeCall,
  expectGraph,
  expectTensors,
  expectValue,
  loadByNameCall,
  loadCall,
  notPosted,
  readTensorCall,
  releaseTensorCall,
  unloadCall,
} from './calls.js';
import type { RemoteLink } from './link.js';
import { createNotice, EngineLost, lossOf, readNotice } from './loss.js';
import { createMailbox, MailboxReader } from './mailbox.js';
import { fromStream } from './outcome-stream.js';
import {
  fromPlainError,
  type MailboxMessage,
  type Outcome,
  type Request,
  type Result,
  type WaitingPlace,
} from './protocol.js';

export function createWaitingPlace(): WaitingPlace {
  return { mailbox: createMailbox(), notice: createNotice() };
}

/** What a blocking link reports; each may post messages. */
export interface BlockingLinkListener {
  /** A call finds out that the engine is gone. */
  onLost(): void;
  /** A call has had no answer for another second. */
  onUnanswered(): void;
}

const unheard: BlockingLinkListener = { onLost: () => undefined, onUnanswered: () => undefined };

/**
 * The link of a thread that blocks until the engine has answered; answers are values. Its other end is `serve` too.
 *
 * Tensors and builders that are passed in are transferred, as over the message link. The bytes of outputs are copied
 * twice: into the mailbox by the engine, and out of it into the buffers that the caller gets.
 *
 * @param waitingPlace where answers come, or the news that none will come any more; shared with nobody else
 */
export function createBlockingLink(
  port: MessagePort,
  { mailbox, notice }: WaitingPlace = createWaitingPlace(),
  listener: BlockingLinkListener = unheard,
): RemoteLink {
  const post = (message: Request | MailboxMessage, transfer: Transferable[] = []) =>
    port.postMessage(message, transfer);
  const reader = new MailboxReader(mailbox, () => post({ mailbox: 'next' }), listener.onUnanswered);
  let nextId = 0;
  post({ mailbox });

  function postCall(call: Call, id: number): void {
    try {
      post({ ...call.operation, id }, call.transfer);
    } catch (cause) {
      throw notPosted(call, cause);
    }
  }

  function receive(call: Call, id: number): Outcome {
    try {
      reader.waitForPiece(() => postCall(call, id));
      return fromStream((byteLength) => reader.read(byteLength));
    } catch (cause) {
      if (!(cause instanceof EngineLost)) throw cause;
      port.close();
      listener.onLost();
      throw lossOf(id, readNotice(notice));
    }
  }

  function request(call: Call): Result {
    const id = nextId++;
    const outcome = receive(call, id);
    if ('error' in outcome) throw fromPlainError(outcome.error);
    return outcome.result;
  }

  return {
    load: (parts, encoding, target) => expectGraph(request(loadCall(parts, encoding, target))),
    loadByName: (name) => expectGraph(request(loadByNameCall(name))),
    compute: (graph, inputs) => expectTensors(request(computeCall(graph, inputs))),
    unload(graph) {
      request(unloadCall(graph));
    },
    readTensor: (resident) => expectValue(request(readTensorCall(resident))),
    releaseTensor(resident) {
      request(releaseTensorCall(resident));
    },
  };
}
