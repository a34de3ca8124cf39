import { detection } from './detection.js';
import { detectionOutput } from './detection-output.js';
import { priorBoxes } from './prior-boxes.js';
import { proposal } from './proposal.js';
import { yolo } from './yolo.js';

/** Operators of object detection. */
export const boxes = { ...detection, ...detectionOutput, ...priorBoxes, ...proposal, ...yolo };
