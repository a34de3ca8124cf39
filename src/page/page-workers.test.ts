import { afterEach, describe, expect, it, vi } from 'vitest';
import { version } from '../standard/version.js';
import { createPageWorkers } from './page-workers.js';

const base = 'https://page.example/app/';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('createPageWorkers', () => {
  it.each([
    ['library', `${base}library/assets/hub-worker-${version}.js`],
    ['/library/', `https://page.example/library/assets/hub-worker-${version}.js`],
    [new URL('https://page.example/1.0'), `https://page.example/1.0/assets/hub-worker-${version}.js`],
  ])('starts workers from the folder %s', (assets, script) => {
    const started: unknown[] = [];
    vi.stubGlobal('location', new URL(base));
    vi.stubGlobal('Worker', function Worker(url: unknown, options: unknown) {
      started.push([url, options]);
    });
    createPageWorkers(assets, base).start('hub');
    expect(started).toEqual([[script, { type: 'module', name: 'wasi-nn hub' }]]);
  });

  it('says where a script should be that cannot be loaded, and of which version', () => {
    const { message } = createPageWorkers('library', base).error('guest', '');
    expect(message).toContain(`${base}library/assets/guest-worker-${version}.js could not be loaded`);
    expect(message).toContain(`wasi-nn-web ${version}`);
    expect(createPageWorkers('library', base).error('guest', 'out of memory').message).not.toContain('assets');
    expect(createPageWorkers(undefined, base).error('guest', '').message).toContain('set the option assets');
  });

  it('refuses what is no URL', () => {
    expect(() => createPageWorkers('https://', base)).toThrow(/^assets: expected the URL of a folder/);
  });
});
