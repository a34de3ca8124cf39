import { Transferring } from '../rpc/rpc.js';
import { isUint8Array } from '../standard/brand-checks.js';
import type { Models } from './models.js';
import { isOpenModel, type ModelsOperation, type ModelsResult } from './protocol.js';

/** Answers one request to the models. The bytes of models are transferred. */
export async function serveModels(
  models: Models,
  operation: ModelsOperation,
  signal: AbortSignal,
): Promise<Transferring> {
  const result = await perform(models, operation, signal);
  return new Transferring(result, buffersOf(result));
}

function buffersOf(result: ModelsResult): ArrayBuffer[] {
  if (isOpenModel(result)) return result.parts.map(({ buffer }) => buffer);
  return isUint8Array(result) ? [result.buffer] : [];
}

async function perform(models: Models, request: ModelsOperation, signal: AbortSignal): Promise<ModelsResult> {
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
