import { createWasiNN } from '../../src/index.js';
import { noteFirstLabel } from './first-label.js';
import { image, squeezenetUrl } from './image.js';
import { coreGuest } from './ours.js';

/** A page that classifies one image by a core module. */
noteFirstLabel(async () => {
  const nn = createWasiNN({ models: { squeezenet: { url: squeezenetUrl, immutable: true } } });
  const classify = await coreGuest(nn, 'squeezenet', image, 4000);
  await classify(1);
});
