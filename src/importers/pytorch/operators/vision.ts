import { float } from '../../onnx/model.js';
import { type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';

/** Moves elements between channels and places: each axis is split, the parts are permuted and joined again. */
function rearrange(graph: TensorGraph, x: Tensor, parts: readonly number[], order: readonly number[]): Tensor {
  return graph.transpose(graph.reshape(x, [...x.shape.slice(0, -3), ...parts]), order);
}

const pixelShuffle: Operator = operator('self upscale_factor', (graph, call) => {
  const x = call.tensor('self');
  const factor = call.integer('upscale_factor');
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  if (x.rank !== 4) throw variant(`a tensor of ${x.rank} axes`);
  const shape = [batch, channels / factor ** 2, height * factor, width * factor];
  return graph.add('DepthToSpace', [x], { type: x.type, shape }, { blocksize: factor, mode: 'CRD' });
});

const pixelUnshuffle: Operator = operator('self downscale_factor', (graph, call) => {
  const x = call.tensor('self');
  const factor = call.integer('downscale_factor');
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  if (x.rank !== 4) throw variant(`a tensor of ${x.rank} axes`);
  const parts = [channels, height / factor, factor, width / factor, factor];
  const apart = rearrange(graph, x, parts, [0, 1, 3, 5, 2, 4]);
  return graph.reshape(apart, [batch, channels * factor ** 2, height / factor, width / factor]);
});

const channelShuffle: Operator = operator('self groups', (graph, call) => {
  const x = call.tensor('self');
  const groups = call.integer('groups');
  const [batch = 1, channels = 1, ...spatial] = x.shape;
  const apart = graph.reshape(x, [batch, groups, channels / groups, ...spatial]);
  const order = apart.shape.map((_, axis) => (axis === 1 ? 2 : axis === 2 ? 1 : axis));
  return graph.reshape(graph.transpose(apart, order), x.shape);
});

const sampleModes = ['bilinear', 'nearest', 'bicubic'];
const samplePadding = ['zeros', 'border', 'reflection'];

const gridSample: Operator = operator('input grid interpolation_mode padding_mode align_corners', (graph, call) => {
  const [x, grid] = [call.tensor('input'), call.tensor('grid')];
  if (x.rank !== 4 || grid.rank !== 4)
    throw mismatch(`grid_sample gets tensors of the shapes [${x.shape}] and [${grid.shape}]`);
  const shape = [...x.shape.slice(0, 2), ...grid.shape.slice(1, 3)];
  return graph.add(
    'GridSample',
    [x, grid],
    { type: x.type, shape },
    {
      mode: sampleModes[call.integer('interpolation_mode', 0)],
      padding_mode: samplePadding[call.integer('padding_mode', 0)],
      align_corners: call.flag('align_corners') ? 1 : 0,
    },
  );
});

/** Each region is a row: the number of its image, and two corners. */
const roiAlign: Operator = operator(
  'input rois spatial_scale pooled_height pooled_width sampling_ratio aligned',
  (graph, call) => {
    const [x, rois] = [call.tensor('input'), call.tensor('rois')];
    const [height, width] = [call.integer('pooled_height'), call.integer('pooled_width')];
    const images = graph.cast(graph.select(rois, 1, 0), 'int64');
    const shape = [rois.shape[0] ?? 0, x.shape[1] ?? 0, height, width];
    return graph.add(
      'RoiAlign',
      [x, graph.slice(rois, 1, 1, 5), images],
      { type: x.type, shape },
      {
        coordinate_transformation_mode: call.flag('aligned') ? 'half_pixel' : 'output_half_pixel',
        output_height: height,
        output_width: width,
        sampling_ratio: Math.max(0, call.integer('sampling_ratio', 0)),
        spatial_scale: float(call.number('spatial_scale')),
      },
    );
  },
);

export const visionOperators: Record<string, Operator> = {
  pixel_shuffle: pixelShuffle,
  pixel_unshuffle: pixelUnshuffle,
  channel_shuffle: channelShuffle,
  native_channel_shuffle: channelShuffle,
  grid_sampler: gridSample,
  grid_sampler_2d: gridSample,
  'torchvision.roi_align': roiAlign,
};
