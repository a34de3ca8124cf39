import { controlFlow } from './control-flow.js';
import { detection } from './detection.js';
import { detectionOutput } from './detection-output.js';
import { priorBoxes } from './prior-boxes.js';
import { proposal } from './proposal.js';
import { recurrent } from './recurrent.js';
import { yolo } from './yolo.js';

/** Operators with bodies, with a memory, and those of object detection. */
export const special = {
  ...controlFlow,
  ...detection,
  ...detectionOutput,
  ...priorBoxes,
  ...proposal,
  ...recurrent,
  ...yolo,
};
