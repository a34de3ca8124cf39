import { cast } from '../../onnx/casts.js';
import { isFloat } from '../../onnx/element-types.js';
import type { Value } from '../../onnx/graph-builder.js';
import { arithmetic, binary, unary } from '../../onnx/operations.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const elementwise: Readonly<Record<string, Converter>> = {
  Add: (layer) => arithmetic(layer.graph, 'Add', ...operands(layer)),
  Subtract: (layer) => arithmetic(layer.graph, 'Sub', ...operands(layer)),
  Multiply: (layer) => arithmetic(layer.graph, 'Mul', ...operands(layer)),
  Divide: divide,
  Mod: (layer) => remainder(layer, ...operands(layer)),
  FloorMod: floorMod,
  Power: (layer) => binary(layer.graph, 'Pow', ...operands(layer)),
  Maximum: (layer) => binary(layer.graph, 'Max', ...operands(layer)),
  Minimum: (layer) => binary(layer.graph, 'Min', ...operands(layer)),
  SquaredDifference: (layer) => {
    const difference = binary(layer.graph, 'Sub', ...operands(layer));
    return binary(layer.graph, 'Mul', difference, difference);
  },
  Equal: comparison('Equal'),
  NotEqual: (layer) => unary(layer.graph, 'Not', comparison('Equal')(layer)),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: comparison('And'),
  LogicalOr: comparison('Or'),
  LogicalXor: comparison('Xor'),
  Select: (layer) => {
    checkBroadcast(layer);
    return layer.graph.add('Where', [layer.input(0), layer.input(1), layer.input(2)], { type: layer.input(1).type });
  },
  Convert: (layer) => convert(layer, layer.elementType('destination_type')),
  ConvertLike: (layer) => {
    const { type } = layer.input(1);
    return type === undefined ? layer.graph.add('CastLike', [layer.input(0), layer.input(1)]) : convert(layer, type);
  },
};

function convert(layer: LayerContext, type: NonNullable<Value['type']>): Value {
  // ONNX has operators on four bits, and types of them, from version 21 on.
  if (type.endsWith('int4') || layer.input(0).type?.endsWith('int4')) layer.graph.requireOpset(21);
  return cast(layer.graph, layer.input(0), type);
}

function operands(layer: LayerContext): [Value, Value] {
  checkBroadcast(layer);
  return [layer.input(0), layer.input(1)];
}

function checkBroadcast(layer: LayerContext): void {
  layer.choice('auto_broadcast', ['numpy', 'none'], 'numpy');
}

function comparison(operator: string): (layer: LayerContext) => Value {
  return (layer) => binary(layer.graph, operator, ...operands(layer), 'bool');
}

/** The quotient of integers is rounded down, where ONNX cuts it. */
function divide(layer: LayerContext): Value {
  const { graph } = layer;
  const [left, right] = operands(layer);
  if (left.type === undefined || isFloat(left.type)) return binary(graph, 'Div', left, right);
  if (!layer.flag('m_pythondiv', true)) return arithmetic(graph, 'Div', left, right);
  if (left.constant && right.constant) return arithmetic(graph, 'Div', left, right);
  const rest = binary(graph, 'Mod', left, right);
  return binary(graph, 'Div', binary(graph, 'Sub', left, rest), right);
}

/** With the sign of the dividend. */
function remainder(layer: LayerContext, left: Value, right: Value): Value {
  return layer.graph.add('Mod', [left, right], { type: left.type }, { attributes: { fmod: 1 } });
}

/** With the sign of the divisor. */
function floorMod(layer: LayerContext): Value {
  const { graph } = layer;
  const [left, right] = operands(layer);
  if (left.type === undefined) throw new UnsupportedVariant('its type is not known');
  if (!isFloat(left.type)) return binary(graph, 'Mod', left, right);
  const whole = unary(graph, 'Floor', binary(graph, 'Div', left, right));
  return binary(graph, 'Sub', left, binary(graph, 'Mul', whole, right));
}
