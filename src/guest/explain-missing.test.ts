import { expect, it } from 'vitest';
import { explainMissing } from './explain-missing.js';

const missing = (...names: string[]) =>
  names.map((name) => {
    const [module = '', member = ''] = name.split('/');
    return { module, name: member, kind: 'function' } as const;
  });

it('shows a few names as they are', () => {
  expect(explainMissing(missing('env/log', 'env/now', 'bench/start'))).toBe(
    'instantiate: the module imports "env.log", "env.now"; "bench.start", which nothing here provides. Only functions of wasi_snapshot_preview1, wasi_ephemeral_nn and wasi_nn are there: pass functions of the page as the option imports',
  );
});

it('summarises many', () => {
  const names = Array.from({ length: 34 }, (_, index) => `env/f${index}`);
  expect(explainMissing(missing(...names))).toContain('imports 34 names of "env" ("f0", "f1", "f2" and others), which');
});

it('stays short however much is missing', () => {
  const many = Array.from({ length: 5000 }, (_, index) => `${'m'.repeat(500)}${index}/${'n'.repeat(500)}`);
  const text = explainMissing(missing(...many));
  expect(text.length).toBeLessThan(3000);
  expect(text).toContain('and of 4995 other modules');
});

it.each([
  ['wbg/__wbg_log_1', /wasm-bindgen for a page: build it for wasm32-wasip1/],
  ['__wbindgen_placeholder__/__wbindgen_throw', /wasm-bindgen/],
  ['gojs/runtime.ticks', /GOOS=wasip1/],
  ['env/emscripten_memcpy_js', /Emscripten for a page: build it with wasi-sdk/],
  ['wasi_unstable/fd_write', /preview 0: build it for preview 1/],
])('knows what %s comes from', (name, advice) => {
  expect(explainMissing(missing('env/other', name))).toMatch(advice);
});
