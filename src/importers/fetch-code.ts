import { messageOf, WasiNNError } from '../standard/error.js';

/**
 * Imports a part of an importer that not all models need.
 *
 * @throws WasiNNError `runtime-error` where it cannot be fetched, which is no fault of the model
 */
export async function fetchCode<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    throw new WasiNNError(
      'runtime-error',
      `load: the code that converts the model cannot be fetched: ${messageOf(cause)}; load the model again`,
      { cause },
    );
  }
}
