import { describe, expect, it } from 'vitest';
import { parseModelUrl } from './model-url.js';

const base = 'https://page.example/app/';

describe('parseModelUrl', () => {
  it.each([
    ['m.onnx', 'https://page.example/app/m.onnx'],
    ['HTTP://models.example/m', 'http://models.example/m'],
    ['data:application/octet-stream;base64,AA==', 'data:application/octet-stream;base64,AA=='],
    ['blob:https://page.example/0', 'blob:https://page.example/0'],
    // The parser leaves out credentials that are empty.
    ['https://@models.example/m', 'https://models.example/m'],
  ])('takes %s', (text, href) => {
    expect(parseModelUrl(text, base)).toEqual({ href });
  });

  it.each([
    'ftp://models.example/m',
    'file:///models/m',
    'javascript:alert(1)',
    'about:blank',
    'ws://models.example/m',
    'chrome-extension://a/m',
    'sha256:0',
    ' \tjava\nscript:alert(1)',
  ])('refuses the scheme of %j', (text) => {
    expect(parseModelUrl(text, base)).toEqual({
      shown: JSON.stringify(text),
      problem: 'is no http, https, blob or data URL',
    });
  });

  it('refuses relative URLs of a page that is a file', () => {
    expect(parseModelUrl('m.onnx', 'file:///home/page.html')).toMatchObject({ problem: expect.any(String) });
  });

  it.each(['https://user:secret@models.example/m', 'https://user@models.example/m', '//:secret@models.example/m'])(
    'refuses %s, and does not show what is secret',
    (text) => {
      const { shown, problem } = parseModelUrl(text, base);
      expect(problem).toBe('is no URL without user name and password');
      expect(shown).toBe('"https://…@models.example/m"');
    },
  );

  it('does not inherit the credentials of a page', () => {
    expect(parseModelUrl('m', 'https://user:secret@page.example/')).toEqual({ href: 'https://page.example/m' });
  });

  it('refuses what is no URL', () => {
    expect(parseModelUrl('https://', base)).toEqual({ shown: '"https://"', problem: 'is no URL' });
  });
});
