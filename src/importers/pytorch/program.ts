import { WasiNNError } from '../../standard/error.js';
import { fetchCode } from '../fetch-code.js';
import type { ImportedModel } from '../importer.js';
import { type Archive, readArchive } from './archive.js';
import { asModelError, invalid, unsupported } from './failure.js';
import type { PyTorchProgram } from './pytorch-program.js';

/**
 * Reads a model that `torch.jit.save` (traced or scripted, frozen or not) or `torch.export.save` has written. The bytes
 * are referenced as long as the program is: leave them as they are.
 *
 *     const program = await readPyTorch(bytes);
 *     const { onnx } = program.specialise([{ type: 'FP32', dimensions: [1, 3, 224, 224] }]);
 *
 * @throws {WasiNNError} `invalid-encoding` for what is no such file or a damaged one, `unsupported-operation` for kinds
 *   of models that cannot be converted, `too-large` for an archive that inflates to too much
 */
export async function readPyTorch(bytes: Uint8Array): Promise<PyTorchProgram> {
  try {
    const archive = await readArchive(bytes);
    const program = await readProgram(archive, bytes.byteLength);
    return { inputs: program.inputs, specialise: (inputs) => guarded(() => program.specialise(inputs)) };
  } catch (cause) {
    throw asModelError(cause);
  }
}

function guarded(specialise: () => ImportedModel): ImportedModel {
  try {
    return specialise();
  } catch (cause) {
    throw asModelError(cause);
  }
}

async function readProgram(archive: Archive, modelBytes: number): Promise<PyTorchProgram> {
  const names = [...archive.keys()];
  const byteOrder = archive.get('byteorder');
  if (byteOrder && new TextDecoder().decode(byteOrder.subarray(0, 10)) !== 'little') {
    throw unsupported('it was saved on a big-endian machine');
  }
  if (names.includes('bytecode.pkl')) {
    throw unsupported('it is for the lite interpreter (_save_for_lite_interpreter); save it by torch.jit.save');
  }
  if (names.some((name) => name.startsWith('data/aotinductor/'))) {
    throw unsupported('it is compiled for one processor (AOTInductor); save it by torch.export.save');
  }
  if (names.some((name) => name.startsWith('models/'))) {
    const { readExportedProgram } = await fetchCode(() => import('./exported-program.js'));
    return readExportedProgram(archive, modelBytes);
  }
  if (names.includes('serialized_exported_program.json')) {
    throw unsupported('it was exported by a version of PyTorch before 2.8; load it, and save it by a newer one');
  }
  if (!names.includes('data.pkl')) throw invalid('the archive has neither data.pkl nor models/');
  if (!names.some((name) => name.startsWith('code/'))) {
    throw new WasiNNError(
      'invalid-encoding',
      'load: the PyTorch file has weights and no program, as torch.save writes it; save the model by torch.jit.save or ' +
        'torch.export.save',
    );
  }
  const { readTorchScript } = await fetchCode(() => import('./torchscript.js'));
  return readTorchScript(archive, modelBytes);
}
