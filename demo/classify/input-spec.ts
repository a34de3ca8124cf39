/** How a model's input is made from an image: the guest's `record model` without the name. */
export interface InputSpec {
  readonly input: string;
  readonly width: number;
  readonly height: number;
  readonly colour: 'grey' | 'rgb';
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly inverted: boolean;
  readonly softmax: boolean;
}

/** SqueezeNet's input. */
export const squeezenetInput: InputSpec = {
  input: 'data',
  width: 224,
  height: 224,
  colour: 'rgb',
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
  inverted: false,
  softmax: true,
};
