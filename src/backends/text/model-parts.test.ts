import { describe, expect, it } from 'vitest';
import { joinBytes } from '../../standard/join-bytes.js';
import { head, text, textEntry, u32 } from './gguf.fixture.js';
import { readParts } from './model-parts.js';

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const model = head(0, [textEntry('general.architecture', 'llama')]);
const projector = head(0, [textEntry('general.architecture', 'clip')]);
const firstHalf = head(0, [
  textEntry('general.architecture', 'llama'),
  joinBytes([text('split.count'), u32(4), u32(2)]),
]);
const secondHalf = head(0, []);

describe('the parts of a language model', () => {
  it.each([
    ['a model', [model], false],
    ['a model and its projector', [model, projector], true],
    ['a projector before its model', [projector, model], true],
    ['a projector among the files of a split model', [firstHalf, projector, secondHalf], true],
  ])('are %s', (_, files, hasProjector) => {
    const configuration = { temp: 0 };
    expect(readParts(files)).toMatchObject({ files, gguf: { architecture: 'llama' }, hasProjector, configuration: {} });
    expect(readParts([...files, encode(configuration)])).toMatchObject({ files, hasProjector, configuration });
  });

  it.each([
    ['one', [model], { temp: 0 }],
    ['several', [firstHalf, projector, secondHalf], { temp: 0, mmproj: 'guest.gguf' }],
  ])('may end with the settings of the page and those of a guest, which take precedence (%s file)', (_, files, own) => {
    const registered = { temp: 0.5, 'top-k': 3, 'n-predict': 20 };
    expect(readParts([...files, encode(registered), encode(own)])).toMatchObject({
      files,
      configuration: { ...registered, ...own },
    });
    expect(readParts([...files, encode(registered), encode({})])).toMatchObject({ configuration: registered });
    const wrong = [...files, encode({ ...registered, temp: 'hot' }), encode(own)];
    expect(() => readParts(wrong)).toThrowError(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('say what is wrong with a first file that is damaged', () => {
    expect(() => readParts([encode('damaged'), encode({}), encode({})])).toThrowError(/does not begin with "GGUF"/);
  });

  it('may have the setting "mmproj" where there is a projector, whatever its path', () => {
    const configuration = { mmproj: '/models/mmproj.gguf' };
    expect(readParts([model, projector, encode(configuration)])).toMatchObject({ hasProjector: true, configuration });
    expect(readParts([model, encode({ mmproj: '' })])).toMatchObject({ hasProjector: false });
  });

  it.each([
    ['nothing', [], /no GGUF file came/],
    ['a projector alone', [projector], /a projector came without its language model/],
    ['two projectors', [projector, model, projector], /2 projectors came .* at most one/],
    ['a part of a split model', [firstHalf, projector], /split into 2 GGUF files, but 1 came/],
    ['the setting "mmproj" without a projector', [model, encode({ mmproj: 'a.gguf' })], /register the GGUF file/],
  ])('are not %s', (_, parts, message) => {
    expect(() => readParts(parts)).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    );
  });
});
