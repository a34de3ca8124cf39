/** The input of SqueezeNet, as the guest `classify` makes it. */
export const squeezenet = {
  input: 'data',
  width: 224,
  height: 224,
  colour: 'rgb',
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
  inverted: false,
  softmax: true,
} as const;
