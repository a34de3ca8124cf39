import {
  type Call,
  computeCall,
  expectGraph,
  expectTensors,
  loadByNameCall,
  loadCall,
  notPosted,
  unloadCall,
} from './calls.js';
import type { EngineLink } from './link.js';
import { createMailbox, MailboxReader } from './mailbox.js';
import { fromStream } from './outcome-stream.js';
import { fromPlainError, type MailboxMessage, type Request, type Result } from './protocol.js';

/**
 * The link of a thread that blocks until the engine has answered; answers are values. Its other end is `serve` too.
 *
 * Tensors and builders that are passed in are transferred, as over the message link. The bytes of outputs are copied
 * twice: into the mailbox by the engine, and out of it into the buffers that the caller gets.
 *
 * @param mailbox where answers come, shared with nobody else
 */
export function createBlockingLink(port: MessagePort, mailbox: SharedArrayBuffer = createMailbox()): EngineLink {
  const post = (message: Request | MailboxMessage, transfer: Transferable[] = []) =>
    port.postMessage(message, transfer);
  const reader = new MailboxReader(mailbox, () => post({ mailbox: 'next' }));
  post({ mailbox });

  function postCall(call: Call): void {
    try {
      // Calls need no telling apart: a thread that blocks has one at a time.
      post({ ...call.operation, id: 0 }, call.transfer);
    } catch (cause) {
      throw notPosted(call, cause);
    }
  }

  function request(call: Call): Result {
    reader.waitForPiece(() => postCall(call));
    const outcome = fromStream((byteLength) => reader.read(byteLength));
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
  };
}
