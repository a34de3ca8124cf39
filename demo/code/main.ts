import { showCode } from './code-tabs.js';

for (const place of document.querySelectorAll('[data-code]')) {
  if (place instanceof HTMLElement) showCode(place);
}
