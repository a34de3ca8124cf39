import { expect, it } from 'vitest';
import { type BackendsOption, resolveBackends } from './resolve-backends.js';

const base = 'https://page.example/app/index.html';

it('resolves URLs against the page', () => {
  const ggml = new URL('https://cdn.example/ggml.js');
  const backends = resolveBackends({ tensorflowlite: 'my-backend.js', ggml }, base);
  expect([...backends]).toEqual([
    ['tensorflowlite', 'https://page.example/app/my-backend.js'],
    ['ggml', 'https://cdn.example/ggml.js'],
  ]);
});

/** What plain JavaScript can pass: the types would not let it. */
const unchecked = (json: string): BackendsOption => JSON.parse(json);

it.each([
  ['an encoding that is none', unchecked('{ "tflite": "b.js" }'), 'backends: "tflite" is no encoding'],
  ['autodetect', unchecked('{ "autodetect": "b.js" }'), 'backends: "autodetect" is no encoding'],
  ['a URL that is none', { ggml: 'https://' }, 'backends: the URL "https://" for ggml is none'],
])('refuses %s', (_what, backends, text) => {
  expect(() => resolveBackends(backends, base)).toThrow(
    expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(text) }),
  );
});
