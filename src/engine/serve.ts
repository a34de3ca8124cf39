import type { Device } from '../backends/backend.js';
import { isBlob } from '../standard/brand-checks.js';
import type { GraphBuilder } from '../standard/graph.js';
import type { EngineConnection } from './connection.js';
import type { ModelPart } from './link.js';
import { MailboxWriter } from './mailbox.js';
import { toStream } from './outcome-stream.js';
import {
  isGraphInfo,
  isMailboxMessage,
  isNamedTensors,
  isRequest,
  type Move,
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
  const devices = createDeviceReport(connection);
  const send: SendReply = (reply) => (mailbox ? mailbox.write(toStream(reply)) : postReply(port, reply));

  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isRequest(data)) void answer(connection, data, devices, send);
    if (!isMailboxMessage(data)) return;
    if (data.mailbox === 'next') mailbox?.next();
    else mailbox = new MailboxWriter(data.mailbox);
  };
}

function postReply(port: MessagePort, reply: Reply): void {
  const isTensors = 'result' in reply && isNamedTensors(reply.result);
  port.postMessage(reply, isTensors ? buffersOf(reply.result) : []);
}

async function answer(
  connection: EngineConnection,
  request: Request,
  devices: DeviceReport,
  send: SendReply,
): Promise<void> {
  const { id } = request;
  try {
    const result = await carryOut(connection, request);
    const moved = devices(request, result);
    send({ id, result, ...(moved ? { moved } : {}) });
  } catch (cause) {
    send({ id, error: toPlainError(cause) });
  }
}

/** Tells where a graph was computed, where the link was last told another device. */
type DeviceReport = (request: Request, result: Result) => Move | undefined;

function createDeviceReport(connection: EngineConnection): DeviceReport {
  const told = new Map<number, Device>();
  return (request, result) => {
    if (isGraphInfo(result)) told.set(result.id, result.device);
    if (request.operation === 'unload') told.delete(request.graph);
    if (request.operation !== 'compute') return undefined;
    const { graph } = request;
    const device = connection.deviceOf(graph);
    if (!device || device === told.get(graph)) return undefined;
    told.set(graph, device);
    return { graph, device };
  };
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
