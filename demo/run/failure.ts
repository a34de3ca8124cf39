import { GuestTrap, WasiNNError } from '../../src/index.js';
import { element } from '../layout/element.js';

/** An error with its code, its causes and the stack of the guest. */
export function describeFailure(error: unknown): HTMLElement {
  const box = element('div', { class: 'error' });
  const kind =
    error instanceof WasiNNError ? `${error.name} ${error.code}` : error instanceof Error ? error.name : 'Error';
  box.append(element('p', {}, kind), element('p', {}, textOf(error)));
  for (const cause of causesOf(error)) box.append(element('p', { class: 'note' }, `Caused by: ${textOf(cause)}`));
  if (error instanceof GuestTrap && error.wasmStack) box.append(element('pre', { class: 'stack' }, error.wasmStack));
  return box;
}

/** The causes of an error, at most eight: they may go round in a circle. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let current = error;
  while (current instanceof Error && current.cause !== undefined && causes.length < 8) {
    current = current.cause;
    causes.push(current);
  }
  return causes;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
