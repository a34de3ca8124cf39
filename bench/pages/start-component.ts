import { createWasiNN } from '../../src/index.js';
import { noteFirstLabel } from './first-label.js';
import { image, squeezenetUrl } from './image.js';
import { componentGuest } from './ours.js';

/** A page that classifies one image by a component. */
noteFirstLabel(async () => {
  const nn = createWasiNN({ models: { squeezenet: { url: squeezenetUrl, immutable: true } } });
  const classify = await componentGuest(nn, 'squeezenet', [image]);
  await classify(1);
});
