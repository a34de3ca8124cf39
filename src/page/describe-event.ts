import type { Device } from '../standard/device.js';
import type { WasiNNEventMap } from './events.js';

type WasiNNEvent = WasiNNEventMap[keyof WasiNNEventMap]['detail'];

/** An event as one line of a log. */
export function describeEvent(event: WasiNNEvent): string {
  switch (event.type) {
    case 'load':
      return `load: ${nameOf(event)} runs on ${describe(event.device)}`;
    case 'fallback': {
      const reasons = event.steps.map(({ provider, target, reason }) => `${provider} (${target}): ${reason}`);
      return `fallback: ${nameOf(event)} for ${event.target} runs on ${describe(event.device)}; ${reasons.join('; ')}`;
    }
    case 'measure': {
      const { operation, milliseconds, waited } = event;
      const what = operation === 'read' ? 'a tensor on a device' : nameOf(event);
      return `${operation}: ${what} took ${milliseconds.toFixed(1)} ms, ${waited.toFixed(1)} ms of it waiting`;
    }
    case 'replace':
      return `replace: the ${event.engine} engine was ended: ${event.reason}`;
    case 'fault': {
      const others = event.omitted > 0 ? ` (and ${event.omitted} more errors)` : '';
      return `fault: ${event.functionName}: ${event.error.code}: ${event.error.message}${others}`;
    }
    default:
      return `${event.type}: ${JSON.stringify(event)}`;
  }
}

function nameOf({ name }: { readonly name?: string }): string {
  return name === undefined ? 'a graph from bytes' : JSON.stringify(name);
}

function describe({ provider, description }: Device): string {
  return `${provider} (${description})`;
}
