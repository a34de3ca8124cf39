import { describe, expect, it } from 'vitest';
import type { NamedClientTensor } from '../rpc/inference-client.js';
import { fakeTextModel } from './guest.fixture.js';
import { addImage, findImage } from './prompt-images.js';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const seeing = { ...fakeTextModel, takesImages: true };
const files = new Map([['cat.png', Uint8Array.of(1, 2)]]);
const readFile = (path: string) => files.get(path);

function find(prompt: string, image?: string, model = seeing) {
  const found = findImage(encode(prompt), { operation: 'set_input', model, image, readFile });
  return [decode(found.prompt), ...found.images.map((bytes) => [...bytes])];
}

const tag = '<img src="data:image/png;base64,AQID">';

describe('the image of a prompt', () => {
  it.each([
    ['in a tag', `Wäs is ${tag}? ☃`, undefined, ['Wäs is <image>? ☃', [1, 2, 3]]],
    ['in a tag with other attributes of its data', '<img src="data:image/x;a=b;base64,AQ==">', '', ['<image>', [1]]],
    ['in the first of two tags', `${tag}${tag}`, undefined, [`<image>${tag}`, [1, 2, 3]]],
    ['in a tag, whatever the setting says', tag, 'nothing.png', ['<image>', [1, 2, 3]]],
    ['in a file', 'What is <image>?', 'cat.png', ['What is <image>?', [1, 2]]],
  ])('is %s', (_, prompt, image, expected) => {
    expect(find(prompt, image)).toEqual(expected);
  });

  it.each([
    '',
    '<image>',
    '<img src="cat.png">',
    '<img src="data:image/png,AQID">',
    '<img src="data:image/png;base64,AQ',
  ])('is not there: %j', (prompt) => {
    expect(find(prompt)).toEqual([prompt]);
    expect(find(prompt, '', fakeTextModel)).toEqual([prompt]);
  });

  it.each([
    ['damaged base64', '<img src="data:image/png;base64,A?">', undefined, /should be base64, but "A\?" came/],
    ['more than a letter of a byte', '<img src="data:image/png;base64,☃">', undefined, /should be base64/],
    ['a mark beside the tag', `${tag} <image>`, undefined, /2 marks and 1 image came/],
    ['a file without a place', 'What is this?', 'cat.png', /0 marks and 1 image came/],
    ['a file that is not there', '<image>', 'dog.png', /"dog\.png", which the guest does not have/],
  ])('is refused: %s', (_, prompt, image, message) => {
    expect(() => find(prompt, image)).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    [tag, undefined],
    ['<image>', 'cat.png'],
  ])('is refused where the model takes none: %j', (prompt, image) => {
    expect(() => find(prompt, image, fakeTextModel)).toThrowError('set_input: the prompt has an image, but the model');
  });
});

describe("a component's inputs", () => {
  const input = (name: string, data: Uint8Array<ArrayBuffer>): NamedClientTensor => {
    return [name, { type: 'U8', dimensions: [data.byteLength], data }];
  };

  const onDevice = { type: 'U8', dimensions: [1], deviceTensor: 3 } as const;

  it('get the image of the prompt', () => {
    const settings = input('1', encode('{"image":"cat.png"}'));
    const prompt = encode('What is <image>?');
    expect(addImage([input('0', prompt), settings], seeing, readFile)).toEqual([
      settings,
      input('0', prompt),
      input('2', Uint8Array.of(1, 2)),
    ]);
    expect(addImage([input('0', encode(tag))], seeing, readFile)).toEqual([
      input('0', encode('<image>')),
      input('2', Uint8Array.of(1, 2, 3)),
    ]);
  });

  it.each<[string, readonly NamedClientTensor[]]>([
    ['without an image', [input('0', encode('<image>')), input('1', encode('{"temp":0}'))]],
    ['with empty settings', [input('0', encode('prompt')), input('1', encode(''))]],
    ['with an image already', [input('0', encode(tag)), input('2', Uint8Array.of(7))]],
    ['without a prompt', [input('1', encode('{"image":"cat.png"}'))]],
    ['with a prompt of another type', [['0', { type: 'I64', dimensions: [8], data: encode(tag) }]]],
    ['with an image that stays on a device', [input('0', encode(tag)), ['2', onDevice]]],
  ])('stay as they are %s', (_, inputs) => {
    expect(addImage(inputs, seeing, readFile)).toBe(inputs);
  });

  it('are refused with settings that are none', () => {
    const inputs = [input('0', encode('prompt')), input('1', encode('{'))];
    expect(() => addImage(inputs, seeing, readFile)).toThrowError(
      expect.objectContaining({ code: 'invalid-encoding' }),
    );
  });
});
