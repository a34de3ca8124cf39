import { isUint8Array } from '../standard/brand-checks.js';
import { toPlainError } from '../standard/plain-error.js';
import type { Models } from './models.js';
import {
  isModelsAbort,
  isModelsRequest,
  isOpenModel,
  type ModelsOperation,
  type ModelsReply,
  type ModelsResult,
} from './protocol.js';

/**
 * Answers the requests that come through a port, the other end of `createRemoteModels`. Nothing is aborted when that end
 * goes with its thread: an engine that is ended is followed by another, which asks for the same models at once, and then
 * joins the downloads that go on.
 */
export function serveModels(port: MessagePort, models: Models): void {
  const underway = new Map<number, AbortController>();

  port.onmessage = async ({ data }: MessageEvent<unknown>) => {
    if (isModelsAbort(data)) underway.get(data.abort)?.abort();
    if (!isModelsRequest(data)) return;
    const controller = new AbortController();
    underway.set(data.id, controller);
    const { reply, transfer } = await answer(models, data, data.id, controller.signal);
    underway.delete(data.id);
    port.postMessage(reply, transfer);
  };
}

async function answer(
  models: Models,
  operation: ModelsOperation,
  id: number,
  signal: AbortSignal,
): Promise<{ readonly reply: ModelsReply; readonly transfer: Transferable[] }> {
  try {
    const result = await carryOut(models, operation, signal);
    return { reply: { id, result }, transfer: buffersOf(result) };
  } catch (cause) {
    return { reply: { id, error: toPlainError(cause, operation.operation) }, transfer: [] };
  }
}

/** The bytes of models are handed over, not copied. */
function buffersOf(result: ModelsResult): ArrayBuffer[] {
  if (isOpenModel(result)) return result.parts.map(({ buffer }) => buffer);
  return isUint8Array(result) ? [result.buffer] : [];
}

async function carryOut(models: Models, request: ModelsOperation, signal: AbortSignal): Promise<ModelsResult> {
  switch (request.operation) {
    case 'open':
      return models.open(request.name, signal);
    case 'targetOf':
      return models.targetOf(request.name);
    case 'list':
      return models.list();
    case 'usage':
      return models.usage();
    case 'preload':
      await models.preload(request.name, signal);
      return undefined;
    case 'forget':
    case 'delete':
      await models[request.operation](request.name);
      return undefined;
    case 'clear':
      await models.clear();
      return undefined;
    case 'findConverted':
      return models.findConverted(request.conversion);
    case 'keepConverted':
      return models.keepConverted(request.conversion, request.piece);
    case 'add':
      models.add(request.entries);
      return undefined;
  }
}
