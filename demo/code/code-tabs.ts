import { element } from '../layout/element.js';
import { type Snippet, snippets } from './snippets.js';

/**
 * Shows code in tabs, with a button that copies it.
 *
 * @param place its attribute `data-code` says which code
 */
export function showCode(place: HTMLElement): void {
  const name = place.dataset.code ?? '';
  const own = snippets[name];
  if (!own) throw new Error(`There is no code with the name "${name}".`);
  const code = element('code', {});
  const panel = element('pre', { id: `${name}-code`, role: 'tabpanel', tabindex: '0' }, code);
  const copy = element('button', { type: 'button', class: 'copy' }, 'Copy');
  const tabs = own.map(({ label }) =>
    element('button', { type: 'button', role: 'tab', 'aria-controls': panel.id }, label),
  );
  const list = element('div', { role: 'tablist', 'aria-label': 'Code' }, ...tabs);
  let shown: Snippet | undefined;

  function select(index: number): void {
    shown = own?.[index];
    code.textContent = shown?.code ?? '';
    panel.ariaLabel = shown?.label ?? null;
    copy.textContent = 'Copy';
    for (const [position, tab] of tabs.entries()) {
      tab.ariaSelected = String(position === index);
      tab.tabIndex = position === index ? 0 : -1;
    }
  }

  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => select(index));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (step === undefined) return;
      const next = (index + step + tabs.length) % tabs.length;
      select(next);
      tabs[next]?.focus();
    });
  }
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(shown?.code ?? '');
      copy.textContent = 'Copied';
    } catch {
      // The browser may refuse: what is selected can be copied by keys.
      getSelection()?.selectAllChildren(code);
      copy.textContent = 'Selected: press Ctrl+C';
    }
  });
  place.replaceChildren(element('div', { class: 'tabs' }, list, copy), panel);
  select(0);
}
