import { describe, expect, it } from 'vitest';
import { matchesUrlPattern, parseUrlPattern } from './url-pattern.js';

const base = 'https://page.example/app/';

describe('parseUrlPattern', () => {
  it.each([
    ['https://models.example/onnx/*', 'https://models.example/onnx/*'],
    ['models/*.onnx', 'https://page.example/app/models/*.onnx'],
    ['/m?version=*', 'https://page.example/m?version=*'],
    ['http://127.0.0.1:8080/*', 'http://127.0.0.1:8080/*'],
    ['https://models.example', 'https://models.example/'],
  ])('takes %s', (pattern, parsed) => {
    expect(parseUrlPattern(pattern, base)).toBe(parsed);
  });

  it.each([
    'https://*/m.onnx',
    'https://*.example/m.onnx',
    'https://models.example*',
    'https://models.example:*/m.onnx',
    'https://user:secret@models.example/*',
    'https://models.example/*#part',
    'https://models.example/*#',
    'file:///models/*',
    'data:*',
    'blob:*',
    'https://',
  ])('refuses %s', (pattern) => {
    expect(() => parseUrlPattern(pattern, base)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(JSON.stringify(pattern)) }),
    );
  });
});

describe('matchesUrlPattern', () => {
  const matches = (pattern: string, url: string) =>
    matchesUrlPattern(parseUrlPattern(pattern, base), new URL(url).href);

  it.each([
    ['https://a.example/onnx/*', 'https://a.example/onnx/m.onnx'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/deep/m.onnx?v=1'],
    ['https://a.example/*.onnx', 'https://a.example/m.onnx'],
    ['https://a.example/*/v*/m.onnx', 'https://a.example/x/v2/m.onnx'],
    ['https://a.example/m.onnx', 'https://a.example/m.onnx'],
    ['https://a.example/onnx/*', 'https://A.EXAMPLE:443/onnx/m.onnx'],
    ['https://a.example/aa*aa', 'https://a.example/aaaa'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..m/.m/m..onnx'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/a%20model%20%C3%A4.onnx'],
    ['https://a.example/get?file=*', 'https://a.example/get?file=a%2Fb.onnx'],
    ['https://a.example/refs%2Fmain/m.onnx', 'https://a.example/refs%2Fmain/m.onnx'],
  ])('%s allows %s', (pattern, url) => {
    expect(matches(pattern, url)).toBe(true);
  });

  it.each([
    ['https://a.example/onnx/*', 'https://b.example/onnx/m.onnx'],
    ['https://a.example/onnx/*', 'http://a.example/onnx/m.onnx'],
    ['https://a.example/onnx/*', 'https://a.example:8443/onnx/m.onnx'],
    ['https://a.example/onnx/*', 'https://a.example.evil.example/onnx/m.onnx'],
    ['https://a.example/onnx/*', 'https://a.example/onnx'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/../secret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/%2e%2E/secret'],
    ['https://a.example/onnx/*', 'https://a.example\\onnx/../secret'],
    ['https://a.example/onnx/*', 'https://user@a.example/onnx/m.onnx'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/m.onnx#part'],
    ['https://a.example/*.onnx', 'https://a.example/m.onnx?v=1'],
    ['https://a.example/m.onnx', 'https://a.example/m.onnx2'],
    ['https://a.example/aa*aa', 'https://a.example/aaa'],
    ['https://a.example/a.b', 'https://a.example/aXb'],
    ['https://a.example/*/v*/m.onnx', 'https://a.example/v2/m.onnx'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/m.onnx#'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..%2fsecret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..%2Fsecret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/%2e%2e%2fsecret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..%5csecret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..%5Csecret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..%252fsecret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..%25252fsecret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/%252e%252e/secret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/%25252e%25252e/secret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/a%2fb'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/a%5cb'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..;/secret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..;v=1/secret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..%3b/secret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/secret%00.onnx'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/%c0%ae%c0%ae%c0%afsecret'],
    ['https://a.example/onnx/*', 'https://a.example/onnx/..%u2215secret'],
  ])('%s does not allow %s', (pattern, url) => {
    expect(matches(pattern, url)).toBe(false);
  });

  it('does not allow what would have to be decoded for long', () => {
    expect(matches('https://a.example/*', `https://a.example/${'%25'.repeat(100_000)}`)).toBe(false);
    expect(matches('https://a.example/*', `https://a.example/%${'25'.repeat(100_000)}`)).toBe(false);
  });
});
