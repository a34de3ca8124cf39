import { describe, expect, it } from 'vitest';
import { modelRegistry, readSettings, registryName, squeezenet, taskModels } from './models.js';

describe('readSettings', () => {
  it('has defaults for an address without a query', () => {
    const settings = readSettings('');
    expect(settings.photoModel).toMatch(/squeezenet1\.1-7\.onnx$/);
    expect(settings.allowSoftwareAdapter).toBe(false);
  });

  it('takes the photo model and the software adapter from the query', () => {
    expect(readSettings('?squeezenet=/models/other.onnx&software-adapter')).toEqual({
      photoModel: '/models/other.onnx',
      allowSoftwareAdapter: true,
    });
  });

  it.each(['?squeezenet=', '?squeezenet=http://'])('keeps the default for %s, which is no URL', (query) => {
    expect(readSettings(query).photoModel).toBe(readSettings('').photoModel);
  });
});

describe('modelRegistry', () => {
  it('has one name for each task and target, all of a task at one URL', () => {
    const registry = modelRegistry({ photoModel: 'https://models.example/photo.onnx', allowSoftwareAdapter: false });
    expect(Object.keys(registry)).toHaveLength(6);
    expect(registry[registryName('digit', 'gpu')]).toEqual({
      url: 'models/digits.onnx',
      target: 'gpu',
      immutable: true,
    });
    expect(registry[registryName('photo', 'tpu')]).toEqual({
      url: 'https://models.example/photo.onnx',
      target: 'tpu',
      immutable: false,
    });
  });

  it('has the digest of the public photo model, and of no other', () => {
    const registry = modelRegistry({ photoModel: squeezenet, allowSoftwareAdapter: false });
    expect(registry[registryName('photo', 'cpu')]).toMatchObject({
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: 4_956_208,
    });
  });
});

describe('taskModels', () => {
  it.each(Object.entries(taskModels))('%s has a mean and a deviation for each channel', (_task, { spec }) => {
    const channels = spec.colour === 'grey' ? 1 : 3;
    expect(spec.mean).toHaveLength(channels);
    expect(spec.deviation).toHaveLength(channels);
  });
});
