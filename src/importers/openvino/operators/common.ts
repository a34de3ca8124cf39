import { activation } from './activation.js';
import { convolution } from './convolution.js';
import { elementwise } from './elementwise.js';
import { pooling } from './pooling.js';

/** The operators that networks for images are made of. */
export const common = { ...activation, ...convolution, ...elementwise, ...pooling };
