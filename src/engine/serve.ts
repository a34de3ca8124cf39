import { isBlob } from '../standard/brand-checks.js';
import type { GraphBuilder } from '../standard/graph.js';
import type { EngineConnection } from './connection.js';
import type { ModelPart } from './link.js';
import { MailboxWriter } from './mailbox.js';
import { toStream } from './outcome-stream.js';
import {
  isMailboxMessage,
  isNamedTensors,
  isRequest,
  type Reply,
  type Request,
  type Result,
  toPlainError,
} from './protocol.js';
import { buffersOf, wholeTensors } from './transfer.js';

type SendReply = (reply: Reply) => void;

/**
 * Answers the requests that come through a port, the other end of `createMessageLink` or `createBlockingLink`: by
 * messages, or through a mailbox once the guest has named one.
 */
export function serve(port: MessagePort, connection: EngineConnection): void {
  let mailbox: MailboxWriter | undefined;
  const send: SendReply = (reply) => (mailbox ? mailbox.write(toStream(reply)) : postReply(port, reply));

  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isRequest(data)) void answer(connection, data, send);
    if (!isMailboxMessage(data)) return;
    if (data.mailbox === 'next') mailbox?.next();
    else mailbox = new MailboxWriter(data.mailbox);
  };
}

function postReply(port: MessagePort, reply: Reply): void {
  const isTensors = 'result' in reply && isNamedTensors(reply.result);
  port.postMessage(reply, isTensors ? buffersOf(reply.result) : []);
}

async function answer(connection: EngineConnection, request: Request, send: SendReply): Promise<void> {
  const { id } = request;
  try {
    send({ id, result: await carryOut(connection, request) });
  } catch (cause) {
    send({ id, error: toPlainError(cause) });
  }
}

async function carryOut(connection: EngineConnection, request: Request): Promise<Result> {
  switch (request.operation) {
    case 'load':
      return connection.load(await Promise.all(request.parts.map(read)), request.encoding, request.target, request.id);
    case 'loadByName':
      return connection.loadByName(request.name, request.id);
    case 'compute':
      // Whole also for a mailbox: what is only a view may have changed before the guest takes the last piece.
      return wholeTensors(await connection.compute(request.graph, request.inputs, request.id));
    case 'unload':
      await connection.unload(request.graph);
      return undefined;
    case 'readTensor':
      return wholeTensors([['', await connection.readTensor(request.resident, request.id)]]);
    case 'releaseTensor':
      await connection.releaseTensor(request.resident);
      return undefined;
  }
}

async function read(part: ModelPart): Promise<GraphBuilder> {
  return isBlob(part) ? new Uint8Array(await part.arrayBuffer()) : part;
}
