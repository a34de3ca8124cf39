import { execFile } from 'node:child_process';
import { appendFile, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import { build, createServer, type PreviewServer, preview, type ViteDevServer } from 'vite';
import type { WasiNN } from '../src/index.js';
import { drawnSeven } from './drawn-seven.js';
import { makeProject } from './packed-project.js';

const root = path.resolve(import.meta.dirname, '..');
const project = path.join(root, 'e2e/.output/vite-plugin');
const inline = { root: project, configFile: path.join(project, 'vite.config.ts'), logLevel: 'error' } as const;
const address = { host: '127.0.0.1', port: 0 };

/** The preview allows no script but those of the build. The package's own dependencies lie outside of the project. */
const config = `
import { wasiNN } from 'wasi-nn-web/vite';

export default {
  base: '/app/',
  plugins: [wasiNN()],
  build: { target: 'es2023' },
  preview: { headers: { 'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval'" } },
  server: { fs: { allow: [${JSON.stringify(root)}] } },
};
`;

const tsconfig = {
  compilerOptions: {
    target: 'ES2023',
    module: 'ESNext',
    moduleResolution: 'bundler',
    lib: ['ES2024', 'DOM', 'DOM.Iterable'],
    types: ['vite/client', 'wasi-nn-web/vite/client'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    allowArbitraryExtensions: true,
  },
};

/** A page that has a drawn seven classified by a library, resources counted, and a word passed on by two programs. */
const main = `
import { createWasiNN, type Waiting } from 'wasi-nn-web';
import program from './cat.component.wasm';
import coreProgram from './cat.wasm?guest';
import classifiers from './classifiers.component.wasm';
import guest, { type Image, type Model } from './classify.component.wasm';

${drawnSeven}
const image: Image = { width: 28, height: 28, pixels: new Uint8Array(pen.getImageData(0, 0, 28, 28).data) };
const model: Model = {
  name: 'digits', input: 'image', width: 28, height: 28, colour: 'grey',
  mean: new Float32Array([0.1307]), deviation: new Float32Array([0.3081]), inverted: true, softmax: true,
};

const waiting: Waiting = location.hash === '#block' ? 'block' : 'suspend';
const nn = createWasiNN({ models: { digits: import.meta.env.BASE_URL + 'models/digits.onnx' } });
const { exports } = await guest.instantiate(nn, { waiting });
const [guess] = await exports.classify(image, model, 1);
const { stdout } = await program.run(nn, { stdin: 'word' });
const twice = await coreProgram.run(nn, { stdin: stdout });
const { 'wasi-nn-web:classifiers/api@0.1.0': api } = (await classifiers.instantiate(nn, { waiting })).exports;
const living = await api.living();
Object.assign(globalThis, { nn });
document.title = [guess?.class, living, twice.stdout, crossOriginIsolated].join(' ');
`;

/** The title of the page when its guests have done their work; each program says `input` before what it passes on. */
const finished = /^7 0 .*input.*input word true$/;

const calls = `
import type { WasiNN } from 'wasi-nn-web';
import program from './cat.component.wasm';
import untyped from './cat.wasm?guest';
import classifiers from './classifiers.component.wasm';
import guest, { type ErrorCode, type Image, type Model } from './classify.component.wasm';

export async function call(nn: WasiNN, image: Image, model: Model): Promise<void> {
  const { exports } = await guest.instantiate(nn);
  const guesses = await exports.classify(image, model, 1);
  guesses[0]?.probability.toFixed();
  'not-found' satisfies ErrorCode;
  // @ts-expect-error: an image is more than its name
  await exports.classify('image', model, 1);
  // @ts-expect-error: a colour that there is not
  await exports.classify(image, { ...model, colour: 'purple' }, 1);
  // @ts-expect-error: no such function
  await exports.clasify(image, model, 1);
  // @ts-expect-error: guests answer with promises
  exports.classify(image, model, 1)[0];
  // @ts-expect-error: no such way to wait
  await guest.instantiate(nn, { waiting: 'patiently' });

  const { exports: interfaces } = await program.instantiate(nn);
  await interfaces['wasi:cli/run@0.2.12'].run().then(() => {});
  // @ts-expect-error: interfaces have their full names
  await interfaces.run.run();

  const { 'wasi-nn-web:classifiers/api@0.1.0': api } = (await classifiers.instantiate(nn)).exports;
  const classifier = await api.Classifier.create('digits');
  (await classifier.models()).map((name) => name.length);
  const merged = await api.Classifier.merge([classifier]);
  (await (await api.find('digits'))?.classify(new Float32Array(784)))?.fill(0);
  const [first, labelled] = await api.swap([[{ label: 'one', classifier }], merged]);
  await first?.dispose();
  await labelled[0]?.classifier.models();
  const ticket = await api.issue(1);
  await api.redeem(ticket);
  await (await api.Eager.create('digits')).dispose();
  // @ts-expect-error: methods answer with promises
  classifier.models().length;
  // @ts-expect-error: a ticket is no classifier
  await api.take(ticket);
  // @ts-expect-error: tickets are issued, not made
  await api.Ticket.create();
  // @ts-expect-error: a model has a name
  await api.Classifier.create(1);
  // @ts-expect-error: no such method
  await classifier.train();

  const { exports: sums } = await untyped.instantiate<{ add(one: number, other: number): Promise<number> }>(nn);
  (await sums.add(1, 2)).toFixed();
  // @ts-expect-error: not an engine
  await untyped.instantiate(1);
}
`;

/** A project that checks the package's own declarations too, with no more of the platform's than it has to have. */
const strictTsconfig = {
  compilerOptions: {
    ...tsconfig.compilerOptions,
    target: 'ES2022',
    lib: ['ES2022', 'DOM'],
    types: [],
    skipLibCheck: false,
  },
  include: ['imports.ts'],
};

const imports = `
import type { WasiNN } from 'wasi-nn-web';
import type { GuestModule } from 'wasi-nn-web/vite/types';
import type { configure } from 'wasi-nn-web/wasi-nn';

export type { createWasiNN } from 'wasi-nn-web/standalone';
export type All = [WasiNN, GuestModule<object>, typeof configure];
`;

const wrongCall = `
import type { WasiNN } from 'wasi-nn-web';
import guest from './classify.component.wasm';

export const call = async (nn: WasiNN) => (await guest.instantiate(nn)).exports.classify('image');
`;

test.describe.configure({ mode: 'serial' });

test.beforeAll(async () => {
  await makeProject(project);
  await mkdir(path.join(project, 'public/models'), { recursive: true });
  await copyFile(path.join(root, 'public/models/digits.onnx'), path.join(project, 'public/models/digits.onnx'));
  await copyFile(path.join(root, 'guests/trap.component.wasm'), path.join(project, 'public/fetched.wasm'));
  for (const guest of ['classify.component.wasm', 'classifiers.component.wasm', 'cat.component.wasm', 'cat.wasm']) {
    await copyFile(path.join(root, 'guests', guest), path.join(project, guest));
  }
  const files = {
    // Without one of its own, the project would be part of this package, and import what lies in its dist/.
    'package.json': '{ "type": "module" }',
    'vite.config.ts': config,
    'tsconfig.json': JSON.stringify({ ...tsconfig, include: ['main.ts', 'calls.ts', 'vite.config.ts'] }),
    'tsconfig.strict.json': JSON.stringify(strictTsconfig),
    'imports.ts': imports,
    'tsconfig.wrong.json': JSON.stringify({ ...tsconfig, include: ['wrong-call.ts'] }),
    'index.html': '<script type="module" src="./main.ts"></script>',
    'main.ts': main,
    'calls.ts': calls,
    'wrong-call.ts': wrongCall,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(project, name), content);
});

test('imported guests run from a production build, which has no transpiler', async ({ page }) => {
  await build(inline);
  const assets = await readdir(path.join(project, 'dist/assets'));
  expect(assets).toContainEqual(expect.stringMatching(/^classify\.core-.*\.wasm$/));
  expect(assets.filter((name) => /bindgen|\.component/.test(name))).toEqual([]);
  // Each worker once, whoever starts it.
  expect(assets.filter((name) => /-worker-.*\.js$/.test(name))).toHaveLength(5);

  const server = await preview({ ...inline, preview: address });
  try {
    const suspending = await expectAnswers(page, urlOf(server));
    expect(suspending).toContainEqual(expect.stringMatching(/classify\.suspend-.*\.js$/));
    expect(suspending).not.toContainEqual(expect.stringMatching(/classify\.block|bindgen|\.component/));
    const blocking = await expectAnswers(page, `${urlOf(server)}#block`);
    expect(blocking).toContainEqual(expect.stringMatching(/classify\.block-.*\.js$/));
    expect(await startByUrl(page)).toContain('there is no transpiler here');
  } finally {
    await server.close();
  }
});

test('imported guests run from the dev server, and the page reloads when one changes', async ({ page }) => {
  const server = await createServer({ ...inline, server: address });
  await server.listen();
  try {
    const requests = await expectAnswers(page, urlOf(server));
    expect(requests).toContainEqual(expect.stringMatching(/classify\.suspend\.js$/));
    expect(requests).not.toContainEqual(expect.stringMatching(/bindgen/));
    expect(await startByUrl(page)).toContain('there is no transpiler here');

    const reload = page.waitForEvent('load');
    await appendFile(path.join(project, 'classify.component.wasm'), emptyCustomSection);
    await reload;
    await expect(page).toHaveTitle(finished, { timeout: 30_000 });
  } finally {
    await server.close();
  }
});

test('the command writes the types of guests, as a build does', async () => {
  const types = path.join(project, 'classify.component.d.wasm.ts');
  const built = await readFile(types, 'utf8');
  await rm(types);
  const command = path.join(project, 'node_modules/wasi-nn-web/dist/vite/command.js');
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'types'], { cwd: project });
  expect(stdout).toContain('classify.component.wasm');
  expect(await readFile(types, 'utf8')).toBe(built);
});

test('Node imports the package, and createWasiNN throws an error that says where it runs', async () => {
  const script = `
    import * as library from 'wasi-nn-web';
    import 'wasi-nn-web/standalone';
    import 'wasi-nn-web/wasi-nn';
    try { library.createWasiNN(); } catch (error) { console.log(String(error)); }`;
  const parameters = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: project });
  expect(stdout).toContain('WasiNNError: createWasiNN: workers cannot be started here');
});

test("the package's own types need no more than ES2022 and the DOM", async () => {
  expect(await check('tsconfig.strict.json')).toBe('');
});

test("TypeScript knows imported guests' exports", async () => {
  expect(await check('tsconfig.json')).toBe('');
  expect(await check('tsconfig.wrong.json')).toContain('wrong-call.ts(5,');
});

/** A custom section named `x`, which means nothing. */
const emptyCustomSection = new Uint8Array([0, 2, 1, 'x'.charCodeAt(0)]);

/** Opens the page, which must be isolated and see its guests finish, and answers with what was requested for it. */
async function expectAnswers(page: Page, url: string): Promise<string[]> {
  const requests: string[] = [];
  const note = (request: { url(): string }) => requests.push(request.url());
  await page.goto('about:blank');
  page.on('request', note);
  const response = await page.goto(url);
  expect(response?.headers()).toMatchObject({
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  await expect(page).toHaveTitle(finished, { timeout: 30_000 });
  page.off('request', note);
  return requests;
}

/** What a component comes to that was not imported, but is fetched by the page. */
function startByUrl(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const nn: WasiNN = Reflect.get(globalThis, 'nn');
    return nn.instantiate('fetched.wasm').then(() => 'started', String);
  });
}

function urlOf(server: ViteDevServer | PreviewServer): string {
  return server.resolvedUrls?.local[0] ?? '';
}

/** What the compiler has to say: nothing where all is well. */
async function check(configuration: string): Promise<string> {
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--pretty', 'false', '-p', path.join(project, configuration)];
  return promisify(execFile)(process.execPath, [compiler, ...options]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
}
