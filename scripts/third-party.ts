import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin, Rolldown } from 'vite';

/** Where the licences of what is bundled stand, beside it. */
const fileName = 'THIRD-PARTY.txt';
const root = path.resolve(import.meta.dirname, '..');

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/**
 * Texts for packages that come without one. Their own package.json and source name the licence and the holder.
 */
const standardTexts: ReadonlyMap<string, () => string> = new Map([
  ['Apache-2.0', () => readFileSync(path.join(root, 'LICENSE'), 'utf8')],
  ['BSD-2-Clause', () => readFileSync(path.join(root, 'node_modules/estraverse/LICENSE.BSD'), 'utf8')],
  ['MIT', () => mit],
]);

/** The holders of the copyright of these packages, as their sources name them. */
const holders: ReadonlyMap<string, string> = new Map([
  ['@litertjs/core', 'Copyright Google LLC'],
  ['@wllama/wllama-compat', 'Copyright (c) 2024 Xuan Son NGUYEN\nCopyright (c) 2023-2026 The ggml authors (llama.cpp)'],
  ['esrecurse', 'Copyright (C) 2014 Yusuke Suzuki'],
  ['onnxruntime-common', 'Copyright (c) Microsoft Corporation. All rights reserved.'],
  ['onnxruntime-web', 'Copyright (c) Microsoft Corporation. All rights reserved.'],
]);

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

/**
 * Writes the licences of all packages that a build takes code or files from. The build fails where one has none.
 *
 * @returns a plugin for the page's build, which writes the file, and one for those of workers
 */
export function thirdPartyLicences(): { readonly page: Plugin; readonly worker: Plugin } {
  const packages = new Set<string>();
  const collect = (files: Rolldown.OutputBundle) => {
    for (const name of packagesIn(files)) packages.add(name);
  };
  return {
    worker: { name: 'third-party-packages', generateBundle: (_, files) => collect(files) },
    page: {
      name: 'third-party-licences',
      generateBundle(_, files) {
        collect(files);
        this.emitFile({ type: 'asset', fileName, source: [...packages].sort().map(licenceOf).join('\n') });
      },
    },
  };
}

function packagesIn(files: Rolldown.OutputBundle): string[] {
  const sources = Object.values(files).flatMap((file) =>
    file.type === 'chunk' ? file.moduleIds : file.originalFileNames,
  );
  return sources.flatMap((source) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source.replaceAll('\\', '/')) ?? [];
    return name === undefined ? [] : [name];
  });
}

function licenceOf(name: string): string {
  const folder = path.join(root, 'node_modules', name);
  const { version, license } = readPackageFile(path.join(folder, 'package.json'));
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const own = texts.map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n\n${(own.length > 0 ? own : [standardText(name, license)]).join('\n\n')}\n`;
}

function standardText(name: string, license: string): string {
  const text = standardTexts.get(license);
  const holder = holders.get(name);
  if (text && holder !== undefined) return `${holder}\n\n${text().trim()}`;
  throw new Error(`${name} has no licence file: add its holder, and the text of ${license}, to scripts/third-party.ts`);
}

function readPackageFile(file: string): PackageFile {
  const content: Partial<PackageFile> = JSON.parse(readFileSync(file, 'utf8'));
  const { name, version, license } = content;
  if (name === undefined || version === undefined || license === undefined) {
    throw new Error(`${file} lacks a name, a version or a licence`);
  }
  return { name, version, license };
}
