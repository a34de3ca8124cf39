import { controlFlow } from './control-flow.js';
import { recurrent } from './recurrent.js';

/** Operators with bodies or a memory. */
export const bodies = { ...controlFlow, ...recurrent };
