import type { EngineConnection } from './engine.js';
import {
  isNamedTensors,
  isRequest,
  type Operation,
  type Reply,
  type Request,
  type Result,
  toPlainError,
} from './protocol.js';
import { buffersOf, wholeTensors } from './transfer.js';

/** Answers the requests that come through a port: the other end of `createMessageLink`. */
export function serve(port: MessagePort, connection: EngineConnection): void {
  port.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isRequest(data)) void answer(port, connection, data);
  };
}

async function answer(port: MessagePort, connection: EngineConnection, request: Request): Promise<void> {
  const { id } = request;
  const reply = (message: Reply, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  try {
    const result = await carryOut(connection, request);
    reply({ id, result }, isNamedTensors(result) ? buffersOf(result) : []);
  } catch (cause) {
    reply({ id, error: toPlainError(cause) });
  }
}

async function carryOut(connection: EngineConnection, request: Operation): Promise<Result> {
  switch (request.operation) {
    case 'load':
      return connection.load(request.parts, request.encoding, request.target);
    case 'loadByName':
      return connection.loadByName(request.name);
    case 'compute':
      return wholeTensors(await connection.compute(request.graph, request.inputs));
    case 'unload':
      await connection.unload(request.graph);
      return undefined;
  }
}
