import type { Plugin } from 'vite';

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
          .replace('</body>', `${footer}</body>`);
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
</header>`;
}

/** The workflow that publishes the site tells where its sources are. */
function sourceLinks(): string {
  const repository = process.env.GITHUB_REPOSITORY;
  if (!repository) return '';
  const url = `https://github.com/${repository}`;
  return `<li><a href="${url}">Source</a></li><li><a href="${url}/tree/main/docs">Documentation</a></li>`;
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
