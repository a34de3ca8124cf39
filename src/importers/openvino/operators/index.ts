import { operatorTable } from '../../operator-table.js';
import type { Converter } from '../layer-context.js';
import { activation } from './activation.js';
import { controlFlow } from './control-flow.js';
import { convolution } from './convolution.js';
import { detection } from './detection.js';
import { detectionOutput } from './detection-output.js';
import { elementwise } from './elementwise.js';
import { indexing } from './indexing.js';
import { matrix } from './matrix.js';
import { normalization } from './normalization.js';
import { padding } from './padding.js';
import { pooling } from './pooling.js';
import { priorBoxes } from './prior-boxes.js';
import { proposal } from './proposal.js';
import { quantization } from './quantization.js';
import { recurrent } from './recurrent.js';
import { reduction } from './reduction.js';
import { resize } from './resize.js';
import { shape } from './shape.js';
import { slicing } from './slicing.js';
import { yolo } from './yolo.js';

/** All operators of OpenVINO that can be converted, by the names that its IR gives them. */
export const operators = operatorTable<Converter>(
  activation,
  controlFlow,
  convolution,
  elementwise,
  indexing,
  matrix,
  normalization,
  padding,
  pooling,
  quantization,
  recurrent,
  reduction,
  resize,
  shape,
  slicing,
  detection,
  detectionOutput,
  priorBoxes,
  proposal,
  yolo,
);
