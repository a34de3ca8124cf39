import { createWasiNN } from '../../src/index.js';
import { showCode } from '../code/code-tabs.js';
import { element, elementById } from '../layout/element.js';
import { size } from '../layout/quantities.js';
import { keepSite } from '../offline/keep-site.js';
import { describeFailure } from '../run/failure.js';
import { groupListings, type ListedFile } from './group-listings.js';
import { loadForOffline } from './load-for-offline.js';
import { purposes, siteModels } from './site-models.js';

const nn = createWasiNN({ models: siteModels(location.search) });
const list = elementById('models', HTMLUListElement);
const failure = elementById('failure', HTMLElement);
const persisted = elementById('persisted', HTMLElement);
const offlineState = elementById('offline-state', HTMLElement);

const states: Readonly<Record<ListedFile['cached'], string>> = {
  no: 'not on this device',
  part: 'partly downloaded',
  whole: 'on this device',
};

whenClicked('clear', () => nn.models.clear());
whenClicked('persist', async () => {
  const isGranted = await nn.models.persist();
  persisted.textContent = isGranted
    ? 'The browser keeps the models.'
    : 'The browser refused. It may delete the models when it runs out of space.';
});
whenClicked('offline', async () => {
  offlineState.textContent = 'Keeping the pages…';
  try {
    const files = await keepSite();
    offlineState.textContent = 'Keeping the runtimes and models…';
    await loadForOffline(nn);
    offlineState.textContent = `Done: ${files} files of this site work without a network.`;
  } catch (error) {
    offlineState.textContent = '';
    throw error;
  }
});
showCode(elementById('code', HTMLElement));
void attempt(async () => {
  await refresh();
  if (await navigator.storage?.persisted?.()) persisted.textContent = 'The browser keeps the models.';
});

/** Does something, shows what the storage has afterwards, and what went wrong. */
async function attempt(action: () => Promise<unknown>): Promise<void> {
  failure.replaceChildren();
  try {
    await action();
  } catch (error) {
    failure.replaceChildren(describeFailure(error));
  }
}

function whenClicked(id: string, action: () => Promise<unknown>): void {
  const button = elementById(id, HTMLButtonElement);
  button.addEventListener('click', async () => {
    button.disabled = true;
    await attempt(async () => {
      await action();
      await refresh();
    });
    button.disabled = false;
  });
}

async function refresh(): Promise<void> {
  const files = groupListings(await nn.models.list());
  list.replaceChildren(...files.map(describeFile));
  const { bytes, budget, origin } = await nn.models.usage();
  showAmount('models', bytes, budget, `of ${size(budget)} that this site may use for models`);
  if (origin)
    showAmount('origin', origin.usage, origin.quota, `of ${size(origin.quota)} that the browser allows this site`);
}

function showAmount(name: 'models' | 'origin', bytes: number, most: number, words: string): void {
  elementById(`${name}-size`, HTMLElement).textContent = size(bytes);
  elementById(name === 'models' ? 'models-budget' : 'origin-quota', HTMLElement).textContent = words;
  elementById(`${name}-meter`, HTMLMeterElement).value = bytes / Math.max(most, 1);
}

function describeFile(file: ListedFile): HTMLElement {
  const [name = ''] = file.names;
  const title = purposes[name.split('/')[0] ?? ''] ?? name;
  const where = new URL(file.url.split(' ')[0] ?? '', location.href);
  const amount = file.cached === 'no' ? (file.size ? size(file.size) : '') : size(file.cachedBytes);
  const facts = [states[file.cached], amount, file.lastUsed ? `last used ${file.lastUsed.toLocaleString()}` : ''];
  const words = element('div', { class: 'facts' });
  words.append(element('strong', {}, title), element('span', {}, facts.filter(Boolean).join(' · ')));
  words.append(element('span', {}, `${file.names.join(', ')} from ${where.host}${where.pathname}`));
  const item = element('li', { 'data-state': file.cached }, words);
  item.append(file.cached === 'whole' ? deleteButton(name, title) : downloadButton(name, title, file, item));
  return item;
}

function deleteButton(name: string, title: string): HTMLButtonElement {
  const button = element('button', { type: 'button', 'aria-label': `Delete ${title}` }, 'Delete');
  button.addEventListener('click', () =>
    attempt(async () => {
      await nn.models.delete(name);
      await refresh();
    }),
  );
  return button;
}

/** Downloads a model, or what is missing of it; clicked once more, it stops. */
function downloadButton(name: string, title: string, { cached }: ListedFile, item: HTMLElement): HTMLButtonElement {
  const words = cached === 'part' ? 'Resume' : 'Download';
  const button = element('button', { type: 'button', 'aria-label': `${words} ${title}` }, words);
  let stopping: AbortController | undefined;
  button.addEventListener('click', () => {
    if (stopping) return stopping.abort();
    stopping = new AbortController();
    const { signal } = stopping;
    const bar = element('progress', { 'aria-label': `Download of ${title}` });
    item.append(bar);
    button.textContent = 'Stop';
    button.ariaLabel = `Stop the download of ${title}`;
    return attempt(async () => {
      try {
        await nn.models.preload(name, {
          signal,
          onProgress: ({ loaded, total }) => {
            if (total) bar.value = loaded / total;
          },
        });
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await refresh();
      }
    });
  });
  return button;
}
