import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../../standard/error.js';
import { importOpenvino } from './import-openvino.js';

// Hostile models end in an error that names the problem. Damaged ones are in `fuzz.test.ts`.

type Parts = readonly [xml: Uint8Array, bin: Uint8Array];

const folder = path.join(import.meta.dirname, 'golden');
const utf8 = new TextEncoder();

function goldens(group: string): Parts[] {
  const cases: { xml: string; bin: string }[] = JSON.parse(
    gunzipSync(readFileSync(path.join(folder, `${group}.json.gz`))).toString(),
  );
  return cases.map(({ xml, bin }) => [utf8.encode(xml), new Uint8Array(Buffer.from(bin, 'base64'))]);
}

async function outcomeOf(parts: readonly Uint8Array[]): Promise<WasiNNError | undefined> {
  try {
    await importOpenvino(parts);
    return undefined;
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
}

describe('a model of parts that do not fit', () => {
  it('fails where the parts are swapped, or belong to other models', async () => {
    const [first, second] = goldens('convolution');
    if (!first || !second) throw new Error('there are two models');

    expect((await outcomeOf([first[1], first[0]]))?.code).toBe('invalid-encoding');
    expect((await outcomeOf([first[0], first[0].slice(0, 5)]))?.message).toContain('the .bin part has 5 bytes');
    expect((await outcomeOf([first[0]]))?.code).toBe('invalid-argument');
    expect((await outcomeOf([first[0], first[1], second[1]]))?.code).toBe('invalid-argument');
  });
});

describe('a document that is nested deeply', () => {
  const deep = 100_000;

  // At the end of the stack, the parser can end the process.
  it.each([
    ['as it is', '<a>'.repeat(deep)],
    ['and is complete', '<a>'.repeat(deep) + '</a>'.repeat(deep)],
    ['with attributes', '<a b="1&#10;2" c=\'"/>\'>'.repeat(deep)],
    [
      'with text',
      'a &#65; '
        .padStart(100)
        .concat('<a>&lt;')
        .repeat(deep / 10),
    ],
    ['with ends in values', '<a b="/>" c="</a>">'.repeat(deep)],
    ['with ends in comments', '<a><!-- </a> /> -->'.repeat(deep)],
    ['with ends in CDATA', '<a><![CDATA[</a>]]>'.repeat(deep)],
    ['with ends in instructions', '<a><?b </a> ?>'.repeat(deep)],
    ['behind elements that are not', '<b/>'.repeat(1000).concat('<a>'.repeat(deep))],
  ])('is refused before it is parsed, %s', async (_, elements) => {
    const error = await outcomeOfXml(`<net>${elements}`);

    expect(error?.code).toBe('invalid-encoding');
    expect(error?.message).toContain('nested deeper than 256');
  });

  it('may have long rows of elements, comments and signs in values', async () => {
    const row = '<b c="a>b"/><!-- <a> --><b>a > b</b>'.repeat(1000);

    expect(await outcomeOfXml(network(relu, { middle: row }))).toBeUndefined();
  });
});

/** A model of one layer between an input and an output, both of one number. */
function network(layer: string, { version = 11, shape = '1', middle = '' } = {}): string {
  const port = (id: number) => `<port id="${id}" precision="FP32"><dim>1</dim></port>`;
  return `<net name="n" version="${version}"><layers>
    <layer id="0" name="x" type="Parameter" version="opset1"><data shape="${shape}" element_type="f32"/><output>${port(0)}</output></layer>
    <layer id="1" name="y" ${layer}><input>${port(0)}</input><output>${port(1)}</output></layer>${middle}
    <layer id="2" name="z" type="Result" version="opset1"><input>${port(0)}</input></layer></layers>
    <edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/><edge from-layer="1" from-port="1" to-layer="2" to-port="0"/></edges></net>`;
}

const relu = 'type="ReLU" version="opset1"';

function outcomeOfXml(xml: string, bin: Uint8Array = new Uint8Array()): Promise<WasiNNError | undefined> {
  return outcomeOf([utf8.encode(xml), bin]);
}

describe('a hostile model', () => {
  it('is one that is changed from one that is fine', async () => {
    expect(await outcomeOfXml(network(relu))).toBeUndefined();
  });

  it.each([
    ['is no XML', 'certainly not', 'invalid-encoding', 'the XML does not parse'],
    ['is another document', '<html/>', 'invalid-encoding', 'expected the element <net>, but <html> came'],
    ['is older', network(relu, { version: 7 }), 'invalid-encoding', 'IR version "7"'],
    ['has an entity of its own', network(relu).replace('"n"', '"&a;"'), 'invalid-encoding', '&a;'],
    [
      'defines entities',
      `<!DOCTYPE net [<!ENTITY a "aaaa">]>${network(relu).replace('"n"', '"&a;"')}`,
      'invalid-encoding',
      'declares a document type',
    ],
    [
      'has bodies in bodies',
      '<net version="11"><layers>'.concat(
        '<layer type="Loop"><body><layers>'.repeat(40),
        '</layers></body></layer>'.repeat(40),
        '</layers></net>',
      ),
      'too-large',
      'bodies in one another',
    ],
    [
      'has an operator with the name of what all objects have',
      network('type="constructor" version="opset1"'),
      'unsupported-operation',
      'constructor in "y"',
    ],
    [
      'has layers in a circle',
      network(relu).replace('from-layer="0"', 'from-layer="1"').replace('from-port="0"', 'from-port="1"'),
      'invalid-encoding',
      'form a cycle',
    ],
    [
      'has an edge from nowhere',
      network(relu).replace('from-layer="0"', 'from-layer="9"'),
      'invalid-encoding',
      'the layer "9", which does not exist',
    ],
    ['has two layers of one id', network(relu).replace('id="1"', 'id="0"'), 'invalid-encoding', 'the same id'],
    [
      'lacks an attribute',
      network('type="Elu" version="opset1"'),
      'invalid-encoding',
      'the layer "y" (Elu) lacks the attribute "alpha"',
    ],
    ['has no output', network(relu).replaceAll('type="Result"', 'type="ReLU"'), 'invalid-encoding', 'no outputs'],
  ])('that %s is refused', async (_what, xml, code, text) => {
    const error = await outcomeOfXml(xml);

    expect(error?.code).toBe(code);
    expect(error?.message).toContain(text);
  });

  const constant = (id: number, data: string) =>
    `<layer id="${id}" name="c${id}" type="Const" version="opset1"><data element_type="f32" ${data}/><output><port id="0" precision="FP32"/></output></layer>`;
  const withConstant = (data: string, count = 1) => {
    const layers = Array.from({ length: count }, (_, index) =>
      constant(10 + index, data.replaceAll('@', String(index))),
    );
    const sum = layers.map((_, index) => `<port id="${index}"/>`).join('');
    const edges = layers.map(
      (_, index) => `<edge from-layer="${10 + index}" from-port="0" to-layer="1" to-port="${index}"/>`,
    );
    return network(`type="Concat" version="opset1"><data axis="0"/`, { middle: layers.join('') })
      .replace(/(<data axis="0"\/><input>).*?(<\/input>)/, `$1${sum}$2`)
      .replace(/<edge from-layer="0"[^>]*>/, edges.join(''));
  };

  it.each([
    ['an absurd length', 'shape="1000000, 1000" offset="0" size="4"', 'invalid-encoding', 'bytes of weights'],
    [
      'lengths whose product is no number',
      'shape="1000000000000, 1000000000000" offset="0" size="4"',
      'too-large',
      'more elements than can be counted',
    ],
    ['a negative length', 'shape="-4" offset="0" size="4"', 'invalid-encoding', 'the length -4'],
    [
      'weights behind the end',
      'shape="2" offset="4096" size="8"',
      'invalid-encoding',
      'the layer "c10" (Const) has weights that end at 4104',
    ],
    ['a negative offset', 'shape="2" offset="-8" size="8"', 'invalid-encoding', 'the .bin part has'],
    ['another size than its shape', 'shape="2" offset="0" size="12"', 'invalid-encoding', 'has 12 bytes of weights'],
    ['too many axes', `shape="${'1,'.repeat(99)}1" offset="0" size="4"`, 'too-large', 'axes in one tensor'],
  ])('that has a constant with %s is refused', async (_what, data, code, text) => {
    const error = await outcomeOfXml(withConstant(data), new Uint8Array(4096));

    expect(error?.code).toBe(code);
    expect(error?.message).toContain(text);
  });

  it('that makes many constants of one part of its weights is refused', async () => {
    const size = 2 ** 20;
    const xml = withConstant(`shape="${size / 4 - 1000}" offset="@" size="${size - 4000}"`, 900);

    expect((await outcomeOfXml(xml, new Uint8Array(size)))?.code).toBe('too-large');
  });

  it('may have a chain of layers that is very long', async () => {
    const count = 20_000;
    const port = '<port id="0" precision="FP32"/>';
    const chain = Array.from(
      { length: count },
      (_, index) =>
        `<layer id="${index + 1}" name="l${index}" ${relu}><input>${port}</input><output>${port}</output></layer>`,
    );
    const edges = Array.from(
      { length: count + 1 },
      (_, index) => `<edge from-layer="${index}" from-port="0" to-layer="${index + 1}" to-port="0"/>`,
    );
    const xml = `<net version="11"><layers><layer id="0" name="x" type="Parameter"><data shape="1" element_type="f32"/><output>${port}</output></layer>${chain.join('')}<layer id="${count + 1}" name="z" type="Result"><input>${port}</input></layer></layers><edges>${edges.join('')}</edges></net>`;

    expect(await outcomeOfXml(xml)).toBeUndefined();
  });
});

describe('operators that cannot be converted', () => {
  it('are all named, with their layers', async () => {
    const more =
      '<layer id="5" name="state" type="ReadValue" version="opset6"/><layer id="6" name="far" type="CTCLoss" version="opset4"/>';
    const error = await outcomeOfXml(network('type="Bucketize" version="opset3"', { middle: more }));

    expect(error?.code).toBe('unsupported-operation');
    expect(error?.message).toContain('Bucketize in "y"; ReadValue in "state"; CTCLoss in "far"');
  });

  it('are named with the variant where others are supported', async () => {
    const error = await outcomeOfXml(network('type="Gelu" version="opset7"><data approximation_mode="fast"/'));

    expect(error?.code).toBe('unsupported-operation');
    expect(error?.message).toContain('Gelu (approximation_mode "fast") in "y"');
  });
});
