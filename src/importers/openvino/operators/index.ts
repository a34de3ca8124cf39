import type { OperatorGroup } from '../../operator-groups.js';
import type { Converter } from '../layer-context.js';

/** The operators of OpenVINO that can be converted, by the names that its IR gives them. */
export const operatorGroups: readonly OperatorGroup<Converter>[] = [
  { names: /^(Add|Convolution|Multiply|ReLU|Sigmoid)$/, load: async () => (await import('./common.js')).common },
  {
    names: /Reshape|ShapeOf|queeze|Transpose|^Concat|Split|MatMul|Reduce|SpaceTo/,
    load: async () => (await import('./general.js')).general,
  },
  { names: /Slice|Gather|Scatter|Pad$|OneHot/, load: async () => (await import('./selection.js')).selection },
  { names: /Norm|MVN|LRN|FakeQuantize/, load: async () => (await import('./scaling.js')).scaling },
  { names: /Interpolate/, load: async () => (await import('./resize.js')).resize },
  { names: /LSTM|GRU|RNN|Loop|Iterator|^If$/, load: async () => (await import('./bodies.js')).bodies },
  { names: /NonMax|ROI|Prior|Detection|Proposal|Yolo/, load: async () => (await import('./boxes.js')).boxes },
];
