import type { ElementType } from '../onnx/element-types.js';
import type { Shape } from '../onnx/model.js';

// OpenVINO's intermediate representation (IR) as plain data.
// See https://docs.openvino.ai/2025/documentation/openvino-ir-format.html

export interface Port {
  readonly id: string;
  /** Undefined for a type that ONNX lacks. */
  readonly type: ElementType | undefined;
  readonly shape: Shape;
  /** The names of the tensor. */
  readonly names: readonly string[];
}

/** How a layer with a body hands one tensor in or out. */
export interface PortMapping {
  /** The port of the layer; -1 for one that it does not show. */
  readonly port: string;
  /** The layer inside of the body: a `Parameter` or a `Result`. */
  readonly layer: string;
  /** The axis that the tensor is cut along, or joined along, with each iteration. */
  readonly axis: number | undefined;
  readonly start: number;
  readonly end: number;
  readonly stride: number;
  readonly partSize: number;
  readonly purpose: string;
}

export interface Body {
  readonly network: Network;
  readonly inputs: readonly PortMapping[];
  readonly outputs: readonly PortMapping[];
  /** From `Result`s to the `Parameter`s that have their values in the next iteration. */
  readonly backEdges: ReadonlyMap<string, string>;
}

export interface Layer {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly opset: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** By the name of their element: `body`, `then_body`, `else_body`. */
  readonly bodies: ReadonlyMap<string, Body>;
}

/** A port of a layer, as a key for maps. */
export type PortKey = string;

export interface Network {
  readonly name: string;
  readonly layers: readonly Layer[];
  /** The port that each connected input port gets its tensor from, and the layer that has it. */
  readonly sources: ReadonlyMap<PortKey, { readonly layer: Layer; readonly port: PortKey }>;
  /** Whether inputs may have any number of axes. A port without lengths may then be any tensor, and not only a scalar. */
  readonly hasUnranked: boolean;
}

export function portKey(layer: string, port: string): PortKey {
  return `${layer}:${port}`;
}

/** A layer as error texts name it. */
export function describeLayer({ name, type }: Pick<Layer, 'name' | 'type'>): string {
  const cut = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
  return `the layer ${JSON.stringify(cut(name))} (${cut(type)})`;
}

/** Layers that are no operators: inputs, outputs and weights. */
const structural = new Set(['Parameter', 'Result', 'Const']);

/** All layers that are operators, those of bodies too. */
export function operatorLayers({ layers }: Network): Layer[] {
  return layers.flatMap((layer) => {
    const inner = [...layer.bodies.values()].flatMap(({ network }) => operatorLayers(network));
    return structural.has(layer.type) ? inner : [layer, ...inner];
  });
}
