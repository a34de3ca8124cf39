import type { ComponentInterface } from '../rpc/component-interface.js';
import { toCamelCase } from '../rpc/glue-names.js';
import { quote, WasiNNError } from '../standard/error.js';
import { checks } from './checks.js';
import { readComponent } from './component.js';
import { renameComponent } from './rename-component.js';

/** A component whose names have been checked. */
export interface OpenedComponent {
  /** The component as jco is given it: with safe names. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What it imports and exports, by its own names. */
  readonly component: ComponentInterface;
}

/** How many functions a component may export, and how many interfaces and functions it may import. */
const maxNames = 10_000;

/**
 * Reads a component, and checks its names.
 *
 * @throws WasiNNError `invalid-argument` for bytes that are no component or names that are no names;
 *   `unsupported-operation` for what is not known here, and for exports that JavaScript cannot tell apart
 */
export function openComponent(bytes: Uint8Array<ArrayBuffer>): OpenedComponent {
  const renamed = checks.names ? renameComponent(bytes) : bytes;
  const component = readComponent(bytes);
  if (checks.names) checkExports(component);
  return { bytes: renamed, component };
}

function checkExports({ imports, functions, interfaces }: ComponentInterface): void {
  const exported = [...interfaces.values()].reduce((total, { length }) => total + length, functions.length);
  if (exported > maxNames || imports.length > maxNames) {
    throw new WasiNNError(
      'unsupported-operation',
      `instantiate: the component exports ${exported} functions and has ${imports.length} imports, more than the ${maxNames} that are supported`,
    );
  }
  checkDistinct(functions);
  for (const members of interfaces.values()) checkDistinct(members);
}

/** Names that differ in WIT may be equal in JavaScript: `a-1` and `a1`. */
function checkDistinct(names: readonly string[]): void {
  const known = new Map<string, string>();
  for (const name of names) {
    const other = known.get(toCamelCase(name));
    known.set(toCamelCase(name), name);
    if (other === undefined) continue;
    throw new WasiNNError(
      'unsupported-operation',
      `instantiate: the component exports ${quote(other)} and ${quote(name)}, which are the same in JavaScript: rename one`,
    );
  }
}
