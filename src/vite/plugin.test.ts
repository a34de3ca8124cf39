import { type PluginOption, resolveConfig } from 'vite';
import { describe, expect, it } from 'vitest';
import { wasiNN } from './index.js';

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

describe('wasiNN', () => {
  it('isolates pages, and leaves the headers of the configuration as they are', async () => {
    const own = { 'Cross-Origin-Embedder-Policy': 'credentialless', 'X-Own': 'yes' };
    const { server, preview } = await resolve(wasiNN(), own);
    expect(server.headers).toEqual({ ...isolation, ...own });
    expect(preview.headers).toEqual({ ...isolation });
  });

  it('leaves pages alone where that is asked for', async () => {
    const { server, preview } = await resolve(wasiNN({ isolate: false }));
    expect(server.headers).toEqual({});
    expect(preview.headers).toEqual({});
  });

  it('has the transpiler left out of the page and of workers, unless it is wanted', async () => {
    const name = 'wasi-nn-web:leave-out-transpiler';
    const without = await resolve(wasiNN());
    expect(without.plugins.map((plugin) => plugin.name)).toContain(name);
    const { plugins } = await without.worker.plugins([]);
    expect(plugins.map((plugin) => plugin.name)).toContain(name);
    const kept = await resolve(wasiNN({ transpiler: true }));
    expect(kept.plugins.map((plugin) => plugin.name)).not.toContain(name);
  });

  it('makes workers ES modules', async () => {
    expect((await resolve(wasiNN())).worker.format).toBe('es');
  });
});

function resolve(plugin: PluginOption, headers: Record<string, string> = {}) {
  return resolveConfig({ configFile: false, logLevel: 'silent', plugins: [plugin], server: { headers } }, 'build');
}
