import type { Page } from '@playwright/test';
import { ask, compute, loadByName, openProbe, type PlainTensor, succeeded } from './guest-page.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

/** An input that the digits model takes. */
const blankDigit: PlainTensor = {
  name: 'image',
  ty: 'FP32',
  dimensions: [1, 1, 28, 28],
  data: new Uint8Array(28 * 28 * 4),
};

interface BadLoad {
  readonly what: string;
  readonly name: string;
  readonly code: string;
  readonly text: readonly (string | RegExp)[];
}

const badNames: readonly BadLoad[] = [
  { what: 'an unknown name', name: 'nobody', code: 'not-found', text: ['"nobody"', '"digits"'] },
  { what: 'a URL instead of a name', name: '/models/digits.onnx', code: 'not-found', text: ['/models/digits.onnx'] },
  { what: 'a URL that answers 404', name: 'gone', code: 'not-found', text: ['"gone"', '/gone.onnx', '404'] },
  { what: 'a URL that answers 500', name: 'broken', code: 'runtime-error', text: ['"broken"', '500'] },
  { what: 'a URL that answers HTML', name: 'html', code: 'invalid-encoding', text: ['"html"', 'an HTML page'] },
  {
    what: 'HTML that calls itself binary',
    name: 'disguised',
    code: 'invalid-encoding',
    text: ['"disguised"', 'an HTML page'],
  },
  { what: 'a URL that nobody answers', name: 'unreachable', code: 'runtime-error', text: ['could not be reached'] },
  { what: 'a model cut short', name: 'truncated', code: 'invalid-encoding', text: ['"truncated"', 'protobuf'] },
  { what: 'an empty file', name: 'empty', code: 'invalid-encoding', text: ['an empty file'] },
];

interface BadCompute {
  readonly what: string;
  readonly inputs: readonly PlainTensor[];
  readonly text: readonly string[];
}

const badInputs: readonly BadCompute[] = [
  {
    what: 'a wrong name',
    inputs: [{ ...blankDigit, name: 'picture' }],
    text: ['"picture"', '"image" FP32 [1, 1, 28, 28]'],
  },
  { what: 'a position that is not there', inputs: [{ ...blankDigit, name: '1' }], text: ['"1"', '"image"'] },
  { what: 'no input', inputs: [], text: ['"image" is missing'] },
  { what: 'an input twice', inputs: [blankDigit, blankDigit], text: ['"image"', 'more than once'] },
  { what: 'a wrong type', inputs: [{ ...blankDigit, ty: 'I32' }], text: ['expects FP32', 'I32'] },
  { what: 'a type that onnxruntime lacks', inputs: [{ ...blankDigit, ty: 'BF16' }], text: ['expects FP32', 'BF16'] },
  { what: 'a wrong rank', inputs: [{ ...blankDigit, dimensions: [28, 28] }], text: ['[1, 1, 28, 28]', '[28, 28]'] },
  {
    what: 'a wrong length of an axis',
    inputs: [{ ...blankDigit, dimensions: [1, 1, 28, 29] }],
    text: ['[1, 1, 28, 29]'],
  },
  {
    what: 'absurd dimensions',
    inputs: [{ ...blankDigit, dimensions: Array(4).fill(0xffffffff) }],
    text: ['4294967295'],
  },
  { what: 'too few bytes', inputs: [{ ...blankDigit, data: new Uint8Array(3) }], text: ['3136 bytes', '3 came'] },
  {
    what: 'too many bytes',
    inputs: [{ ...blankDigit, data: new Uint8Array(28 * 28 * 4 + 1) }],
    text: ['3136 bytes', '3137 came'],
  },
];

test('every bad name, model and tensor is an error that the same guest survives', async ({ blank, site }) => {
  site.answer('/broken.onnx', (_, response) => response.writeHead(500).end());
  site.answer('/html.onnx', (_, response) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html>'),
  );
  site.answer('/disguised.onnx', (_, response) =>
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end('\n<!DOCTYPE html><html>'),
  );
  site.answer('/empty.onnx', (_, response) => response.writeHead(200).end());
  const whole = await (await fetch(`${site.origin}/models/digits.onnx`)).arrayBuffer();
  site.answer('/truncated.onnx', (_, response) => response.writeHead(200).end(new Uint8Array(whole, 0, 5000)));
  const digits = '/models/digits.onnx';
  const served = ['gone', 'broken', 'html', 'disguised', 'empty', 'truncated'].map((name) => [name, `/${name}.onnx`]);
  await openProbe(blank, {
    models: { digits, unreachable: 'http://127.0.0.1:1/model.onnx', ...Object.fromEntries(served) },
  });

  const graph = succeeded(await loadByName(blank, 'digits'));
  const healthy = succeeded(await compute(blank, graph, [blankDigit]));

  for (const { what, name, code, text } of badNames) {
    await test.step(`load-by-name of ${what}`, async () => {
      expectFailure(await loadByName(blank, name), code, text);
    });
  }
  for (const { what, inputs, text } of badInputs) {
    await test.step(`compute with ${what}`, async () => {
      expectFailure(await compute(blank, graph, inputs), 'invalid-argument', text);
    });
  }
  await test.step('load of bytes that are no model', async () => {
    await expectBadBytes(blank, site);
  });

  expect(succeeded(await compute(blank, graph, [blankDigit]))).toEqual(healthy);
  expect(succeeded(await loadByName(blank, 'digits'))).toBeGreaterThan(graph);
});

test('a model that was broken at the first visit is fetched again when it has been mended', async ({ blank, site }) => {
  const whole = new Uint8Array(await (await fetch(`${site.origin}/models/digits.onnx`)).arrayBuffer());
  site.answer('/mended.onnx', (_, response) => response.writeHead(200).end(whole.subarray(0, 5000)));
  await openProbe(blank, { models: { mended: '/mended.onnx' } });
  expectFailure(await loadByName(blank, 'mended'), 'invalid-encoding', ['protobuf']);

  site.answer('/mended.onnx', (_, response) => response.writeHead(200).end(whole));
  succeeded(await loadByName(blank, 'mended'));
});

async function expectBadBytes(page: Page, site: Site): Promise<void> {
  const digits = new Uint8Array(await (await fetch(`${site.origin}/models/digits.onnx`)).arrayBuffer());
  const guest = new Uint8Array(await (await fetch(`${site.origin}/guests/probe.component.wasm`)).arrayBuffer());
  const html = new TextEncoder().encode('<!doctype html><html>');
  const load = (parts: Uint8Array[], encoding: string) => ask(page, 'probe', 'load', parts, encoding, 'cpu');
  expectFailure(await load([guest], 'onnx'), 'invalid-encoding', ['onnx', 'WebAssembly']);
  expectFailure(await load([guest], 'autodetect'), 'invalid-encoding', ['WebAssembly', 'onnx']);
  expectFailure(await load([html], 'onnx'), 'invalid-encoding', ['an HTML page']);
  expectFailure(await load([digits], 'openvino'), 'invalid-encoding', ['openvino', 'ONNX']);
  expectFailure(await load([], 'onnx'), 'invalid-argument', ['builder']);
  expectFailure(await load([digits, digits], 'onnx'), 'invalid-argument', ['2 came']);
}

function expectFailure(outcome: unknown, code: string, texts: readonly (string | RegExp)[]): void {
  expect(outcome).toEqual({ code, text: expect.any(String) });
  for (const text of texts)
    expect(outcome).toHaveProperty(
      'text',
      typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text),
    );
}
