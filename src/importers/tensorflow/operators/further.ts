import { controlFlow } from './control-flow.js';
import { einsums } from './einsum.js';
import { fusions } from './fused.js';
import { tensorLists } from './tensor-list.js';

/** Operators with bodies, and those that few models have. */
export const further = { ...controlFlow, ...einsums, ...fusions, ...tensorLists };
