import { expect, it } from 'vitest';
import { readChunk, readLoadedModel } from './answers.js';

const sampled = { content: [{ id: 468, token: 'To' }] };

it.each([
  ['text', { choices: [{ text: 'To', logprobs: sampled }] }, { text: 'To', token: 468 }],
  ['a chat', { choices: [{ delta: { content: 'To' }, logprobs: sampled }] }, { text: 'To', token: 468 }],
  ['the beginning of a message', { choices: [{ delta: { role: 'assistant', content: null } }] }, { text: '' }],
  ['the end of a message', { choices: [{ delta: {}, finish_reason: 'length' }] }, { text: '', finishReason: 'length' }],
  [
    'text, with what was evaluated of the prompt and what was not',
    { choices: [{ text: 'To' }], timings: { prompt_n: 1, cache_n: 4, predicted_n: 1 } },
    { text: 'To', inputTokens: 5 },
  ],
  [
    'counts alone',
    { choices: [], usage: { prompt_tokens: 35, completion_tokens: 3 } },
    { text: '', inputTokens: 35, outputTokens: 3 },
  ],
])('a chunk of %s is read', (_, chunk, expected) => {
  expect(readChunk(chunk)).toEqual(expected);
});

it.each([
  [{ has_image_input: true, media_marker: '<__media__>' }, { mediaMarker: '<__media__>' }],
  [{ has_image_input: false, media_marker: '<__media__>' }, {}],
  [{}, {}],
])('a loaded model is read: %j', (answer, expected) => {
  const counts = { n_ctx: 64, n_ctx_train: 256 };
  expect(readLoadedModel({ success: true, ...counts, list_tokens_eog: [2], ...answer })).toEqual({
    isLoaded: true,
    contextTokens: 64,
    trainedTokens: 256,
    endTokens: [2],
    ...expected,
  });
});

it.each([{}, { choices: 'none' }, { choices: [{ text: 7 }] }, { choices: [{ delta: { content: 7 } }] }])(
  'an answer of another release is refused: %j',
  (chunk) => {
    expect(() => readChunk(chunk)).toThrowError(expect.objectContaining({ code: 'runtime-error' }));
  },
);
