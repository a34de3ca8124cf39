import type { FallbackStep } from '../../src/index.js';
import type { Placement } from './classifier.js';
import type { Target } from './models.js';

const places: Readonly<Record<Target, string>> = {
  cpu: 'the processor',
  gpu: 'the graphics processor',
  tpu: 'the neural processor',
};

const technologies: Readonly<Record<FallbackStep['provider'], string>> = {
  javascript: 'JavaScript',
  wasm: 'WebAssembly',
  webgpu: 'WebGPU',
  webnn: 'WebNN',
};

/** What the texts of the library mean for somebody who does not know it. */
const meanings: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/software adapter/, 'the browser has no graphics processor and only imitates one, which is slower than WebAssembly'],
  [/no WebGPU in workers/, 'this browser does not offer graphics processors to programs like this one'],
  [/found no adapter/, 'the browser found no graphics processor that it trusts'],
  [/has no WebNN|no usable WebNN/, 'this browser does not offer neural processors to pages yet'],
  [/other numbers/, 'its results differed from those of WebAssembly, so they were not used'],
];

/** Where a model ended up that was meant for a target. */
export function placeWords(target: Target, { device }: Placement): string {
  const verb = device.target === target ? 'Ran' : 'Fell back, and ran';
  return `${verb} on ${places[device.target]}: ${device.description}`;
}

/** Why each place that was tried does not serve, as sentences. */
export function fallbackWords({ fallback }: Placement): string[] {
  return fallback.map(({ provider, target, reason }) => {
    const meaning = meanings.find(([pattern]) => pattern.test(reason))?.[1];
    const tried = `${technologies[provider]} for ${places[target]}`;
    return meaning ? `${tried}: ${meaning} (“${reason}”).` : `${tried}: ${reason}.`;
  });
}
