import { expect, it } from 'vitest';
import { completeWithImages, type Wllama } from './wllama-module.js';

const request = { onData: () => undefined, abortSignal: new AbortController().signal };
const fail = (): never => {
  throw new Error('the test does not expect this call');
};

function wllamaWith(members: Pick<Wllama, 'proxy' | 'getResponse'>): Wllama {
  return {
    setCompat: fail,
    loadModel: fail,
    getLoadedContextInfo: fail,
    getNumThreads: fail,
    createCompletion: fail,
    createChatCompletion: fail,
    createEmbedding: fail,
    exit: fail,
    ...members,
  };
}

it.each([
  ['no way to its worker', { getResponse: fail }],
  ['another way to its worker', { proxy: { send: fail }, getResponse: fail }],
  ['no reader of answers', { proxy: { wllamaAction: fail } }],
])('images are refused where wllama is of another release: it has %s', async (_, members) => {
  await expect(completeWithImages(wllamaWith(members), request, [])).rejects.toMatchObject({
    code: 'unsupported-operation',
    message: expect.stringContaining('another release'),
  });
});

it('a text with images that llama.cpp does not begin fails', async () => {
  const wllama = wllamaWith({ proxy: { wllamaAction: async () => ({ success: false }) }, getResponse: fail });
  await expect(completeWithImages(wllama, request, [])).rejects.toThrow('llama.cpp could not begin the text');
});
