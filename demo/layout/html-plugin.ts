import type { Plugin } from 'vite';
import { snippets } from '../code/snippets.js';

interface Entry {
  readonly label: string;
  /** Its folder, from the root of the site; empty for the root itself. */
  readonly folder: string;
}

const pages: readonly Entry[] = [
  { label: 'Classify', folder: '' },
  { label: 'Text', folder: 'text/' },
  { label: 'Run your own', folder: 'run/' },
  { label: 'Formats', folder: 'formats/' },
  { label: 'Models', folder: 'storage/' },
  { label: 'Conformance', folder: 'conformance/' },
  { label: 'Benchmark', folder: 'benchmark/' },
  { label: 'Code', folder: 'code/' },
];

/** The HTML file of each page of the site, from the root of the project. */
export const pageFiles: string[] = pages.map(({ folder }) => `demo/${folder}index.html`);

/** Where the sources are. The workflow that publishes the site knows it; other builds leave the links out. */
const repositoryUrl = process.env.GITHUB_REPOSITORY && `https://github.com/${process.env.GITHUB_REPOSITORY}`;

const mark = `<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><rect width="24" height="24" rx="6" class="mark-ground"/><path d="M4 8.5l2.6 8 2.4-6.5 2.4 6.5 2.6-8" class="mark-line"/><circle cx="18.2" cy="9.2" r="1.9" class="mark-dot"/><circle cx="18.2" cy="15.6" r="1.9" class="mark-dot"/></svg>`;

/** The same markup stands in every page, so that nothing moves when the scripts come. */
export function layoutPlugin(): Plugin {
  return {
    name: 'demo-layout',
    transformIndexHtml: {
      order: 'pre',
      handler(html, { path }) {
        const folder = path.replace(/^\//, '').replace(/index\.html$/, '');
        const root = folder === '' ? './' : '../'.repeat(folder.split('/').length - 1);
        return html
          .replace('<head>', `<head>${head}`)
          .replace('<body>', `<body>${header(root, folder)}`)
          .replace('</body>', `${footer}</body>`)
          .replace(/<div class="code"([^>]*data-code="(\w+)")><\/div>/g, (_, attributes: string, name: string) =>
            codePlace(attributes, name, folder === 'code/' ? undefined : `${root}code/`),
          );
      },
    },
  };
}

/** Vite resolves these addresses from the root of the site, wherever the site is served. */
const head = `<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<meta name="theme-color" content="#f6f5f1" media="(prefers-color-scheme: light)" />
<meta name="theme-color" content="#131218" media="(prefers-color-scheme: dark)" />
<link rel="icon" type="image/svg+xml" href="/icon.svg" />
<link rel="manifest" href="/site.webmanifest" />
<link rel="stylesheet" href="/layout/tokens.css" />
<link rel="stylesheet" href="/layout/layout.css" />
<link rel="stylesheet" href="/layout/components.css" />
<script type="module" src="/offline/register.ts"></script>
`;

function header(root: string, current: string): string {
  const links = pages.map(({ label, folder }) => {
    const name = folder === '' ? 'classify' : folder.slice(0, -1);
    const here = folder === current ? ' aria-current="page"' : '';
    return `<li><a href="${root}${folder}" data-testid="nav-${name}"${here}>${label}</a></li>`;
  });
  return `
<a class="skip" href="#main">Skip to the content</a>
<header class="site-header">
<a class="brand" href="${root}">${mark}<span>wasi-nn-web</span></a>
<nav aria-label="Pages of this site"><ul>${links.join('')}</ul></nav>
</header>
<p class="offline-notice" id="offline-notice" data-testid="offline-notice" role="status"></p>`;
}

/** Which page of the documentation explains the code of a part. */
const documents: Readonly<Record<string, string>> = {
  classify: 'reference.md',
  run: 'writing-guests.md',
  formats: 'importers.md',
  text: 'text.md',
  storage: 'models.md',
};

/** A place for code, as high as its longest example, so that nothing moves when the script shows it; with links below. */
function codePlace(attributes: string, name: string, examples: string | undefined): string {
  const lines = (snippets[name] ?? []).map(({ code }) => code.split('\n').length);
  const links = [
    `<a href="https://github.com/WebAssembly/wasi-nn">The wasi-nn standard</a>`,
    ...(repositoryUrl ? [`<a href="${repositoryUrl}/blob/main/docs/${documents[name]}">Documentation</a>`] : []),
    ...(repositoryUrl ? [`<a href="${repositoryUrl}/tree/main/demo">Source of this page</a>`] : []),
    ...(examples ? [`<a href="${examples}">More examples</a>`] : []),
  ];
  return `<div class="code" style="--lines: ${Math.max(...lines)}"${attributes}></div>
<p class="note code-links">${links.join(' ')}</p>`;
}

function sourceLinks(): string {
  if (!repositoryUrl) return '';
  return `<li><a href="${repositoryUrl}">Source</a></li><li><a href="${repositoryUrl}/tree/main/docs">Documentation</a></li>`;
}

const footer = `
<footer class="site-footer">
<p>Everything runs on this device. Nothing that you draw, show or drop is sent anywhere.</p>
<ul>
<li><a href="https://github.com/WebAssembly/wasi-nn">The wasi-nn standard</a></li>
${sourceLinks()}
</ul>
<noscript><p>This page needs JavaScript.</p></noscript>
</footer>
`;
