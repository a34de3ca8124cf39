import type { ModelsTable } from '../../src/index.js';
import { modelRegistry, readSettings } from '../classify/models.js';
import { storyModel } from '../text/story-model.js';

/** All models that the pages of this site use, as those pages register them. */
export function siteModels(query: string): ModelsTable {
  const classified = modelRegistry(readSettings(query), '../');
  return { ...classified, ...storyModel('../') };
}

/** What a model is for, by the beginning of its name. */
export const purposes: Readonly<Record<string, string>> = {
  digits: 'Digits: a small convolutional network, trained on MNIST',
  squeezenet: 'Photos: SqueezeNet, trained on ImageNet',
  wonderland: 'Text: a small language model',
};
