import { expect, it } from 'vitest';
import { componentModule, coreModule, type Publish } from './guest-module.js';

const component = {
  imports: ['wasi:nn/graph@0.2.0-rc-2024-10-28'],
  functions: ['classify'],
  interfaces: new Map([['wasi:cli/run@0.2.12', ['run']]]),
};

const publish: Publish = (name) => JSON.stringify(`/parts/${name}`);

/** A page's wasi-nn that answers with what it was asked for. */
const nn = {
  instantiate: (...asked: unknown[]) => ['instantiate', ...asked],
  run: (...asked: unknown[]) => ['run', ...asked],
};

it('hands over the parts of a component, by their URLs', async () => {
  const parts = {
    glue: { suspend: 'suspending', block: 'blocking' },
    coreModules: new Map([
      ['guest.core.wasm', new Uint8Array([1])],
      ['guest.core2.wasm', new Uint8Array([2])],
    ]),
    component,
  };
  const published = new Map<string, string | Uint8Array>();
  const source = componentModule('/project/seven guest.component.wasm', parts, (name, content) => {
    published.set(name, content);
    return publish(name, content);
  });
  expect(published).toEqual(
    new Map<string, string | Uint8Array>([
      ['seven guest.core.wasm', new Uint8Array([1])],
      ['seven guest.core2.wasm', new Uint8Array([2])],
      ['seven guest.suspend.js', 'suspending'],
      ['seven guest.block.js', 'blocking'],
    ]),
  );

  const { default: guest } = await load(source);
  const transpiled = {
    glue: { suspend: '/parts/seven guest.suspend.js', block: '/parts/seven guest.block.js' },
    coreModules: {
      'guest.core.wasm': '/parts/seven guest.core.wasm',
      'guest.core2.wasm': '/parts/seven guest.core2.wasm',
    },
    component,
  };
  expect(guest.instantiate(nn, 'options')).toEqual(['instantiate', transpiled, 'options']);
  expect(guest.run(nn, 'options')).toEqual(['run', transpiled, 'options']);
});

it('takes the name of a file as it is', () => {
  const coreModules = new Map([['guest.core.wasm', new Uint8Array()]]);
  const published: string[] = [];
  componentModule("/project/a$&$'.wasm", { glue: { suspend: '', block: '' }, coreModules, component }, (name) => {
    published.push(name);
    return '';
  });
  expect(published).toContain("a$&$'.core.wasm");
});

it('hands over a core module by its URL', async () => {
  const { default: guest } = await load(coreModule('/project/plain.wasm', new Uint8Array(), publish));
  expect(guest.run(nn)).toEqual(['run', '/parts/plain.wasm', undefined]);
});

function load(source: string): Promise<{ default: Record<'instantiate' | 'run', (...values: unknown[]) => unknown> }> {
  return import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(source)}`);
}
