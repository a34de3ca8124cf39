import type { TensorShape } from '../../standard/tensor.js';
import type { ImportedModel } from '../importer.js';
import type { Archive } from './archive.js';
import { Code } from './code.js';
import { convertProgram } from './conversion.js';
import { Evaluator } from './evaluator.js';
import { excessive, invalid, unsupported } from './failure.js';
import { loadTensorOperators } from './operator-calls.js';
import { nameModules, unpickle } from './pickle.js';
import { loadStorage } from './pickle-calls.js';
import type { PyTorchProgram } from './pytorch-program.js';
import type { Parameter } from './syntax.js';
import { mismatch } from './tensor-graph.js';
import { ModuleObject, type PythonValue } from './values.js';

/** Of the module tree, and of the constants. */
const maximumPickleBytes = 8 * 1024 * 1024;

/** Reads a program that `torch.jit.save` has written: its modules, its constants, and the code of `forward`. */
export async function readTorchScript(archive: Archive, modelBytes: number): Promise<PyTorchProgram> {
  const code = new Code(archive);
  const module = read(archive, 'data');
  if (!(module instanceof ModuleObject)) throw invalid('its data.pkl has no module');
  nameModules(module);
  const constants = archive.has('constants.pkl') ? read(archive, 'constants') : [];
  if (!Array.isArray(constants)) throw invalid('its constants.pkl has no list');
  const forward = code.class(module.className)?.methods.get('forward');
  if (!forward) throw unsupported(`its class ${module.className} has no method forward`);
  const parameters = forward.parameters.slice(1);
  const names = parameters.map(({ name }) => name);
  const operators = await loadTensorOperators(code.operatorNames());
  return {
    inputs: 'any',
    specialise(inputs: readonly TensorShape[]): ImportedModel {
      checkCount(parameters, inputs.length);
      return convertProgram({ modelBytes, names, operators }, inputs, ({ operators: calls, load }, tensors) =>
        new Evaluator(code, constants, calls, load).callMethod(module, 'forward', tensors),
      );
    },
  };
}

function read(archive: Archive, name: string): PythonValue {
  const bytes = archive.get(`${name}.pkl`);
  if (!bytes) throw invalid(`the archive lacks ${name}.pkl`);
  if (bytes.byteLength > maximumPickleBytes) throw excessive(`has a pickle of ${bytes.byteLength} bytes`);
  return unpickle(bytes, (id) => loadStorage(id, (key) => archive.get(`${name}/${key}`)));
}

function checkCount(parameters: readonly Parameter[], count: number): void {
  const least = parameters.filter(({ byDefault }) => byDefault === undefined).length;
  if (count >= least && count <= parameters.length) return;
  const names = parameters.map(({ name }) => name).join(', ');
  throw mismatch(`it takes ${parameters.length} (${names}), and gets ${count}`);
}
