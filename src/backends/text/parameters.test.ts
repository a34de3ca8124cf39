import { describe, expect, it } from 'vitest';
import { toLoadParameters, toRequestParameters } from './parameters.js';

const gguf = { contextTokens: 4096, hasPooling: false };
const model = { gguf, hasProjector: false };

describe('what a model is loaded with', () => {
  it.each([
    [{}, 4096, 1024],
    [{}, 192, 192],
    [{ 'ctx-size': 2048 }, 4096, 2048],
    [{ 'ctx-size': 1e9 }, 4096, 4096],
    [{ 'ctx-size': 0 }, 4096, 4096],
    [{ 'ctx-size': -5 }, undefined, 1024],
    [{ 'ctx-size': 2048 }, undefined, 2048],
  ])('takes a context of a size that makes sense: %j of %s', (configuration, contextTokens, expected) => {
    expect(toLoadParameters(configuration, { ...model, gguf: { contextTokens, hasPooling: false } }, 0)).toMatchObject({
      n_ctx: expected,
    });
  });

  it("has wllama's names", () => {
    const configuration = {
      'batch-size': 512,
      'cache-type-k': 8,
      'rope-scaling-type': 2,
      'flash-attn': 'auto',
      temp: 1,
    };
    expect(toLoadParameters(configuration, model, 35)).toEqual({
      n_batch: 512,
      cache_type_k: 'q8_0',
      rope_scaling_type: 'LLAMA_ROPE_SCALING_TYPE_YARN',
      flash_attn: true,
      n_ctx: 1024,
      n_parallel: 1,
      n_threads: 1,
      n_gpu_layers: 35,
    });
  });

  it.each([
    [0, false],
    [99_999, true],
  ])('has its projector where the model is: %j layers on the GPU', (layers, expected) => {
    expect(toLoadParameters({}, { ...model, hasProjector: true }, layers)).toMatchObject({ mmproj_offload: expected });
  });

  it('refuses a number that stands for nothing', () => {
    expect(() => toLoadParameters({ 'cache-type-v': 4 }, model, 0)).toThrowError(
      /"cache-type-v" is 4; it may be 0 \(f32\)/,
    );
  });

  it.each([
    [{ embedding: true }, false, { embeddings: true, pooling_type: 'last' }],
    [{ embedding: true }, true, { embeddings: true, pooling_type: 'unspecified' }],
    [{ embedding: true, 'pooling-type': 1 }, false, { embeddings: true, pooling_type: 'mean' }],
    [{ embedding: true, 'pooling-type': 0 }, true, { embeddings: true, pooling_type: 'last' }],
  ])('pools embeddings: %j', (configuration, hasPooling, expected) => {
    expect(toLoadParameters(configuration, { ...model, gguf: { ...gguf, hasPooling } }, 0)).toMatchObject(expected);
  });
});

describe('what a text is generated with', () => {
  it("has wllama's names", () => {
    const configuration = {
      temp: 0,
      'top-k': 1,
      'last-n-penalty': 64,
      'n-predict': 12,
      'ctx-size': 3,
      'json-schema': '{"a":1}',
    };
    expect(toRequestParameters(configuration)).toEqual({
      temperature: 0,
      top_k: 1,
      repeat_last_n: 64,
      max_tokens: 12,
      json_schema: { a: 1 },
    });
  });

  it.each([
    [{}, -1],
    [{ 'n-predict': -1 }, -1],
    [{ 'n-predict': 0 }, 1],
  ])('asks for one token at least: %j', (configuration, expected) => {
    expect(toRequestParameters(configuration)).toMatchObject({ max_tokens: expected });
  });

  it('refuses a schema that is no JSON', () => {
    expect(() => toRequestParameters({ 'json-schema': '{' })).toThrowError(/"json-schema" is no JSON/);
  });
});
