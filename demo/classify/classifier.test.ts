import { describe, expect, it, vi } from 'vitest';
import { type Device, type FallbackStep, GuestError, GuestTrap } from '../../src/index.js';
import { createClassifier, failureOf, type Question } from './classifier.js';

const question: Question = {
  task: 'digit',
  target: 'gpu',
  image: { width: 1, height: 1, pixels: new Uint8Array(4) },
};
const cpu: Device = { target: 'cpu', provider: 'wasm', description: '2 threads' };
const noAdapter: FallbackStep = { target: 'gpu', provider: 'webgpu', reason: 'no adapter' };
const guesses = [{ class: 7, probability: 1 }];
const failure = { code: 'not-found', text: 'there is no such model' };

/** A host of guests that answer as the test says; its events are the test's to dispatch. */
function fakeHost(classify: () => Promise<unknown>) {
  const dispose = vi.fn();
  const instantiate = vi.fn().mockImplementation(async () => ({ exports: { classify }, dispose }));
  return { host: Object.assign(new EventTarget(), { instantiate }), instantiate, dispose };
}

describe('createClassifier', () => {
  it('answers with the guesses, and where the model runs', async () => {
    const { host } = fakeHost(async () => {
      host.dispatchEvent(new CustomEvent('fallback', { detail: { name: 'digits/gpu', steps: [noAdapter] } }));
      host.dispatchEvent(new CustomEvent('load', { detail: { name: 'digits/gpu', device: cpu } }));
      return guesses;
    });
    const classifier = createClassifier(host);
    expect(classifier.hasLoaded('digits/gpu')).toBe(false);
    expect(await classifier.classify(question)).toMatchObject({
      guesses,
      loadedModel: true,
      placement: { device: cpu, fallback: [noAdapter] },
    });
    expect(classifier.hasLoaded('digits/gpu')).toBe(true);
  });

  it('remembers where a model runs that was loaded before', async () => {
    const { host } = fakeHost(async () => guesses);
    const classifier = createClassifier(host);
    host.dispatchEvent(new CustomEvent('load', { detail: { name: 'digits/gpu', device: cpu } }));
    expect(await classifier.classify(question)).toMatchObject({
      loadedModel: false,
      placement: { device: cpu, fallback: [] },
    });
  });

  it('keeps a guest that answers with a failure', async () => {
    const { host, instantiate, dispose } = fakeHost(() => Promise.reject(new GuestError(failure)));
    const classifier = createClassifier(host);
    await expect(classifier.classify(question)).rejects.toThrow(GuestError);
    await expect(classifier.classify(question)).rejects.toThrow(GuestError);
    expect(instantiate).toHaveBeenCalledOnce();
    expect(dispose).not.toHaveBeenCalled();
  });

  it('replaces a guest that trapped', async () => {
    const { host, instantiate, dispose } = fakeHost(() => Promise.reject(new GuestTrap('unreachable')));
    const classifier = createClassifier(host);
    await expect(classifier.classify(question)).rejects.toThrow('unreachable');
    await expect(classifier.classify(question)).rejects.toThrow('unreachable');
    expect(instantiate).toHaveBeenCalledTimes(2);
    expect(dispose).toHaveBeenCalledTimes(2);
  });

  it('tries again to start a guest that did not start', async () => {
    const { host, instantiate } = fakeHost(async () => guesses);
    instantiate.mockRejectedValueOnce(new Error('offline'));
    const classifier = createClassifier(host);
    await expect(classifier.start()).rejects.toThrow('offline');
    expect(await classifier.classify(question)).toMatchObject({ guesses });
  });
});

describe('failureOf', () => {
  it('finds the failure that a guest answered with', () => {
    expect(failureOf(new GuestError(failure))).toEqual(failure);
  });

  it.each([
    ['a trap', new GuestTrap('unreachable')],
    ['a payload of another kind', new GuestError('text')],
    ['an error of anything else', new Error('offline')],
  ])('finds none in %s', (_kind, error) => {
    expect(failureOf(error)).toBeUndefined();
  });
});
