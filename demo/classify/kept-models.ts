import type { ModelManager } from '../../src/index.js';
import { elementById } from '../layout/element.js';
import { size } from '../layout/quantities.js';

/** The line at the foot of the page that says what is kept on the device, and deletes it. */
export interface KeptModelsView {
  refresh(): Promise<void>;
}

export function createKeptModelsView(models: ModelManager): KeptModelsView {
  const line = elementById('kept', HTMLElement);
  const sizeText = elementById('kept-size', HTMLElement);
  const button = elementById('delete-models', HTMLButtonElement);

  async function refresh(): Promise<void> {
    const { bytes } = await models.usage();
    line.hidden = bytes === 0;
    sizeText.textContent = size(bytes);
  }

  button.addEventListener('click', async () => {
    button.disabled = true;
    await models.clear();
    await refresh();
    button.disabled = false;
  });
  return { refresh };
}
