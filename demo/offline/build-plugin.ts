import { readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'vite';

/** Larger files are runtimes, of which the service worker keeps those that the browser loads. In bytes. */
const largestFile = 4 << 20;

/** Builds the site's service worker, and lists the files that a visitor may have kept (`service-worker.ts`). */
export function offlinePlugin(): Plugin {
  let folder = '';
  return {
    name: 'demo-offline',
    apply: 'build',
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      await buildServiceWorker(folder);
      await writeFile(path.join(folder, 'offline-files.json'), JSON.stringify(filesToKeep(folder)));
    },
  };
}

/** A script of its own, without imports: not every browser has modules as service workers. */
async function buildServiceWorker(outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2023',
      lib: {
        entry: path.join(import.meta.dirname, 'service-worker.ts'),
        formats: ['iife'],
        name: 'serviceWorker',
        fileName: () => 'service-worker.js',
      },
    },
  });
}

/** The addresses of the files, from the root of the site. A page is known by its folder. */
function filesToKeep(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const wanted = paths.filter((file) => statSync(file).size <= largestFile && !/litert|conformance-w/.test(file));
  return wanted.map(
    (file) =>
      `./${path
        .relative(folder, file)
        .replaceAll('\\', '/')
        .replace(/index\.html$/, '')}`,
  );
}
