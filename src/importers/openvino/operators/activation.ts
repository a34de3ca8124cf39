import { castLike, scalarLike } from '../../onnx/casts.js';
import { scalar } from '../../onnx/constants.js';
import { isFloat } from '../../onnx/element-types.js';
import type { Value } from '../../onnx/graph-builder.js';
import { type Attributes, float } from '../../onnx/model.js';
import { binary, reshape, unary } from '../../onnx/operations.js';
import type { Converter, LayerContext } from '../layer-context.js';

/** Operators of one input that ONNX has too, under another name or the same. */
const sameInOnnx: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Acos: 'Acos',
  Acosh: 'Acosh',
  Asin: 'Asin',
  Asinh: 'Asinh',
  Atan: 'Atan',
  Atanh: 'Atanh',
  Ceiling: 'Ceil',
  Cos: 'Cos',
  Cosh: 'Cosh',
  Erf: 'Erf',
  Exp: 'Exp',
  Floor: 'Floor',
  HSwish: 'HardSwish',
  Identity: 'Identity',
  Log: 'Log',
  LogicalNot: 'Not',
  Mish: 'Mish',
  Negative: 'Neg',
  ReLU: 'Relu',
  Sigmoid: 'Sigmoid',
  Sign: 'Sign',
  Sin: 'Sin',
  Sinh: 'Sinh',
  SoftPlus: 'Softplus',
  SoftSign: 'Softsign',
  Sqrt: 'Sqrt',
  Tan: 'Tan',
  Tanh: 'Tanh',
};

/** Operators that test each number, and give booleans. */
const tests: Readonly<Record<string, string>> = { IsNaN: 'IsNaN', IsInf: 'IsInf' };

export const activation: Readonly<Record<string, Converter>> = {
  ...mapEntries(sameInOnnx, (operator) => (layer) => unary(layer.graph, operator, layer.input(0))),
  ...mapEntries(tests, (operator) => (layer) => test(layer, operator)),
  IsFinite: (layer) => {
    const { graph } = layer;
    const x = layer.input(0);
    // What is not finite differs from itself, or does so once it is subtracted from itself.
    const zero = binary(graph, 'Sub', x, x);
    return binary(graph, 'Equal', zero, zero, 'bool');
  },
  Clamp: clamp,
  Elu: (layer) => withFloats(layer, 'Elu', { alpha: float(layer.number('alpha')) }),
  HSigmoid: (layer) => withFloats(layer, 'HardSigmoid', { alpha: float(1 / 6), beta: float(0.5) }),
  HardSigmoid: (layer) => {
    const { graph } = layer;
    const line = binary(graph, 'Add', binary(graph, 'Mul', layer.input(0), layer.input(1)), layer.input(2));
    return clip(layer, line, 0, 1);
  },
  Selu: (layer) => {
    const { graph } = layer;
    const x = layer.input(0);
    const zero = scalarLike(graph, 0, x);
    const below = binary(graph, 'Sub', unary(graph, 'Exp', binary(graph, 'Min', x, zero)), scalarLike(graph, 1, x));
    const sum = binary(graph, 'Add', binary(graph, 'Max', x, zero), binary(graph, 'Mul', below, layer.input(1)));
    return binary(graph, 'Mul', sum, layer.input(2));
  },
  Swish: (layer) => {
    const { graph } = layer;
    const x = layer.input(0);
    const beta = layer.inputs[1];
    return binary(graph, 'Mul', x, unary(graph, 'Sigmoid', beta ? binary(graph, 'Mul', x, beta) : x));
  },
  Gelu: gelu,
  PReLU: prelu,
  Round: round,
  SoftMax: (layer) => withFloats(layer, 'Softmax', { axis: layer.integer('axis', 1) }),
  Softmax: (layer) => withFloats(layer, 'Softmax', { axis: layer.integer('axis', 1) }),
  LogSoftmax: (layer) => withFloats(layer, 'LogSoftmax', { axis: layer.integer('axis', 1) }),
};

function withFloats(layer: LayerContext, operator: string, attributes: Attributes): Value {
  const x = layer.input(0);
  return layer.graph.add(operator, [x], { type: x.type, shape: x.shape }, { attributes });
}

function test(layer: LayerContext, operator: string): Value {
  const x = layer.input(0);
  const attributes =
    operator === 'IsInf'
      ? {
          detect_negative: Number(layer.flag('detect_negative', true)),
          detect_positive: Number(layer.flag('detect_positive', true)),
        }
      : {};
  return layer.graph.add(operator, [x], { type: 'bool', shape: x.shape }, { attributes });
}

/** The bounds of integers are rounded inwards. */
function clamp(layer: LayerContext): Value {
  const x = layer.input(0);
  const [low, high] = [layer.number('min'), layer.number('max')];
  if (x.type === undefined || isFloat(x.type)) return clip(layer, x, low, high);
  return clip(layer, x, Math.ceil(low), Math.floor(high));
}

function clip({ graph }: LayerContext, x: Value, low: number, high: number): Value {
  const bounds = [low, high].map((bound) => (Number.isFinite(bound) ? scalarLike(graph, bound, x) : undefined));
  return graph.add('Clip', [x, ...bounds], { type: x.type, shape: x.shape });
}

function gelu(layer: LayerContext): Value {
  const { graph } = layer;
  const x = layer.input(0);
  const constant = (value: number) => scalarLike(graph, value, x);
  const half = binary(graph, 'Mul', x, constant(0.5));
  const isTanh = layer.choice('approximation_mode', ['erf', 'tanh'], 'erf') === 'tanh';
  if (!isTanh) {
    const erf = unary(graph, 'Erf', binary(graph, 'Mul', x, constant(Math.SQRT1_2)));
    return binary(graph, 'Mul', half, binary(graph, 'Add', erf, constant(1)));
  }
  const cube = binary(graph, 'Mul', binary(graph, 'Mul', x, x), x);
  const sum = binary(graph, 'Add', x, binary(graph, 'Mul', cube, constant(0.044715)));
  const tanh = unary(graph, 'Tanh', binary(graph, 'Mul', sum, constant(Math.sqrt(2 / Math.PI))));
  return binary(graph, 'Mul', half, binary(graph, 'Add', tanh, constant(1)));
}

/** A slope with one axis has a number for each channel, which is the second axis. */
function prelu(layer: LayerContext): Value {
  const x = layer.input(0);
  const slope = layer.input(1);
  const rank = x.shape?.length ?? 0;
  const isPerChannel = slope.shape?.length === 1 && slope.shape[0] !== 1 && rank > 2;
  const perChannel = [-1, ...new Array<number>(rank - 2).fill(1)];
  return binary(layer.graph, 'PRelu', x, isPerChannel ? reshape(layer.graph, slope, perChannel) : slope);
}

function round(layer: LayerContext): Value {
  const { graph } = layer;
  const x = layer.input(0);
  const mode = layer.choice('mode', ['half_to_even', 'half_away_from_zero'], 'half_to_even');
  if (mode === 'half_to_even') return unary(graph, 'Round', x);
  const away = binary(graph, 'Add', unary(graph, 'Abs', x), castLike(graph, scalar(graph, 0.5, 'float32'), x));
  return binary(graph, 'Mul', unary(graph, 'Sign', x), unary(graph, 'Floor', away));
}

function mapEntries<Old, New>(record: Readonly<Record<string, Old>>, change: (value: Old) => New): Record<string, New> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
