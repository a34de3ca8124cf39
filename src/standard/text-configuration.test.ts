import { describe, expect, it } from 'vitest';
import { parseTextConfiguration } from './text-configuration.js';

const parse = (value: unknown) => parseTextConfiguration('load', JSON.stringify(value));

describe('the configuration of a language model', () => {
  it('keeps what it knows', () => {
    const settings = {
      'ctx-size': 1024,
      temp: 0.8,
      'top-p': 1,
      embedding: true,
      grammar: 'root ::= "a"',
      'flash-attn': 'on',
    };
    expect(parse(settings)).toEqual(settings);
  });

  it('leaves out what it does not know', () => {
    expect(parse({ llama3: false, constructor: 1, 'n-predict': 3 })).toEqual({ 'n-predict': 3 });
    expect(parseTextConfiguration('load', '{"__proto__": {"temp": 1}}')).toEqual({});
  });

  it.each(['', '{', 'null', '[]', '"text"', '1'])('refuses %j, which is no JSON object', (json) => {
    expect(() => parseTextConfiguration('set_input', json)).toThrowError(
      expect.objectContaining({
        code: 'invalid-encoding',
        message: expect.stringContaining('set_input: the configuration'),
      }),
    );
  });

  it.each([
    ['an integer', { 'ctx-size': '1024' }],
    ['an integer', { 'n-predict': 1.5 }],
    ['a number', { temp: '0.8' }],
    ['a boolean', { embedding: 1 }],
    ['a string', { grammar: {} }],
    ['a boolean, "on", "off" or "auto"', { 'flash-attn': 'maybe' }],
    ['a boolean', { 'use-mmap': 'yes' }],
  ])('refuses a value that is not %s: %j', (wanted, settings) => {
    expect(() => parse(settings)).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(`should be ${wanted}`) }),
    );
  });

  it.each([{ tts: true }, { reranking: true }])('refuses what is not supported: %j', (settings) => {
    expect(() => parse(settings)).toThrowError(expect.objectContaining({ code: 'unsupported-operation' }));
  });

  it.each([{ tts: false }, { mmproj: 'mmproj.gguf' }, { image: 'cat.png' }])('takes the rest: %j', (settings) => {
    expect(parse(settings)).toEqual(settings);
  });
});
