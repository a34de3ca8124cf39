import { type ErrorCode, messageOf, quote, WasiNNError } from '../../standard/error.js';
import { list, type OnnxParts } from './external-data.js';

/** onnxruntime's status codes (`OrtErrorCode`), as far as they say more than that something failed. */
const loadCodes: ReadonlyMap<number, ErrorCode> = new Map([
  [2, 'invalid-encoding'],
  [7, 'invalid-encoding'],
  [9, 'unsupported-operation'],
  [10, 'invalid-encoding'],
]);

const computeCodes: ReadonlyMap<number, ErrorCode> = new Map([
  [2, 'invalid-argument'],
  [9, 'unsupported-operation'],
]);

/** onnxruntime quotes names from the model, which can be as long as the model is. */
const maximumReason = 2000;

/** What onnxruntime threw for a model, as one of the standard's errors. */
export function toLoadError(cause: unknown, parts: OnnxParts): WasiNNError {
  if (cause instanceof WasiNNError) return cause;
  const reason = messageOf(cause);
  const { code, advice } = externalDataFault(reason, parts) ?? { code: statusCode(reason, loadCodes), advice: '' };
  return new WasiNNError(code, `load: onnxruntime cannot load the model: ${clip(reason)}${advice}`, { cause });
}

/** What onnxruntime threw for an inference, as one of the standard's errors. */
export function toComputeError(cause: unknown): WasiNNError {
  if (cause instanceof WasiNNError) return cause;
  const reason = messageOf(cause);
  return new WasiNNError(statusCode(reason, computeCodes), `compute: onnxruntime failed: ${clip(reason)}`, { cause });
}

function statusCode(reason: string, codes: ReadonlyMap<number, ErrorCode>): ErrorCode {
  const status = /ERROR_CODE: (\d+)/.exec(reason)?.[1];
  return codes.get(Number(status)) ?? 'runtime-error';
}

/** Of some tensors onnxruntime looks up the external data in a file system, which a browser does not have. */
const lookedForInFileSystem =
  /external data path could not be canonicalized|Failed to get file size for external initializer/;

/** What is wrong with external data has no status code of its own, only words. */
function externalDataFault(
  reason: string,
  { externalData }: OnnxParts,
): { code: ErrorCode; advice: string } | undefined {
  if (lookedForInFileSystem.test(reason)) {
    const advice =
      '; onnxruntime-web takes external data for initializers and constants of the main graph only: keep sparse tensors and those of subgraphs and attributes inside the model';
    return { code: 'unsupported-operation', advice };
  }
  if (!/external (data|initializer)/i.test(reason)) return undefined;
  if (externalData.length === 0) return { code: 'invalid-encoding', advice: '' };
  const taken = externalData.map(({ path, data }) => `${quote(path)} (${data.byteLength} bytes)`);
  return { code: 'invalid-encoding', advice: `; the parts after the model were taken for ${list(taken)}` };
}

function clip(reason: string): string {
  return reason.length > maximumReason ? `${reason.slice(0, maximumReason)}…` : reason;
}
