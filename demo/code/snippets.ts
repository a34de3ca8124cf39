/** One way to put the library into a page. */
export interface Snippet {
  readonly label: string;
  readonly code: string;
}

const spec = `{
  name: 'digits', input: 'image', width: 28, height: 28, colour: 'grey',
  mean: [0.1307], deviation: [0.3081], inverted: true, softmax: true,
}`;

const classify: readonly Snippet[] = [
  {
    label: 'Bundler',
    code: `// npm install wasi-nn-web
import { createWasiNN } from 'wasi-nn-web';

const nn = createWasiNN({ models: { digits: { url: '/models/digits.onnx', target: 'gpu' } } });
const guest = await nn.instantiate('/guests/classify.component.wasm');
const guesses = await guest.exports.classify({ width, height, pixels }, ${spec}, 10);`,
  },
  {
    label: 'Script tag',
    code: `<!-- Serve the folder dist/standalone of the package as /wasi-nn-web/. -->
<script type="module">
  import { createWasiNN } from '/wasi-nn-web/wasi-nn-web.js';

  const nn = createWasiNN({ models: { digits: { url: '/models/digits.onnx', target: 'gpu' } } });
  const guest = await nn.instantiate('/guests/classify.component.wasm');
  const guesses = await guest.exports.classify({ width, height, pixels }, model, 10);
</script>`,
  },
  {
    label: 'Vite plugin',
    code: `// vite.config.ts
import { wasiNN } from 'wasi-nn-web/vite';
export default { plugins: [wasiNN()] };

// main.ts: the build transpiles the component, and its types come with it.
import { createWasiNN } from 'wasi-nn-web';
import classifier from './classify.component.wasm';

const nn = createWasiNN({ models: { digits: { url: '/models/digits.onnx', target: 'gpu' } } });
const { exports } = await classifier.instantiate(nn);
const guesses = await exports.classify({ width, height, pixels }, model, 10);`,
  },
];

const text: readonly Snippet[] = [
  {
    label: 'Run the guest',
    code: `// npm install wasi-nn-web @wllama/wllama @wllama/wllama-compat
import { createWasiNN } from 'wasi-nn-web';

const nn = createWasiNN({ models: { wonderland: { url: '/models/wonderland.gguf', encoding: 'ggml' } } });
const stop = new AbortController();
const decoder = new TextDecoder();
await nn.run('/guests/generate.wasm', {
  args: ['wonderland', 'Alice was', '{"n-predict": 160, "stream-stdout": true}'],
  stdout: (bytes) => output.append(decoder.decode(bytes, { stream: true })),
  signal: stop.signal,
});`,
  },
  {
    label: 'Without a guest',
    code: `const graph = await nn.loadByName('wonderland');
for await (const piece of graph.generate('Alice was', { maxTokens: 160, signal: stop.signal })) {
  output.append(piece);
}`,
  },
];

const run: readonly Snippet[] = [
  {
    label: 'Run a program',
    code: `const { exitCode, stdout, files } = await nn.run('/guests/program.wasm', {
  args: ['--model', 'model.onnx'],
  stdin: 'a line of text',
  files: { 'model.onnx': '/models/model.onnx', 'tensor.bin': bytes },
  stdout: (bytes) => terminal.write(bytes),
  signal: AbortSignal.timeout(60_000),
});`,
  },
  {
    label: 'See what happens',
    code: `for (const type of ['load', 'fallback', 'measure', 'fault', 'replace']) {
  nn.addEventListener(type, ({ detail }) => console.log(type, detail));
}`,
  },
];

const storage: readonly Snippet[] = [
  {
    label: 'Manage models',
    code: `await nn.models.preload('digits', { signal, onProgress: ({ loaded, total, rate }) => {} });
for (const { name, cached, cachedBytes } of await nn.models.list()) console.log(name, cached, cachedBytes);
await nn.models.delete('digits');
const { bytes, budget, origin } = await nn.models.usage();
await nn.models.persist();`,
  },
];

const formats: readonly Snippet[] = [
  {
    label: 'Models in five formats',
    code: `const nn = createWasiNN({
  models: {
    onnx: '/kitten.onnx',
    openvino: { parts: ['/kitten.xml', '/kitten.bin'], encoding: 'openvino' },
    torchscript: { url: '/kitten.pt', encoding: 'pytorch' },
    tensorflow: { url: '/kitten.pb', encoding: 'tensorflow' },
    tflite: { url: '/kitten.tflite', encoding: 'tensorflowlite' },
  },
});`,
  },
];

/** What each part of the site shows. */
export const snippets: Readonly<Record<string, readonly Snippet[]>> = { classify, text, run, storage, formats };
