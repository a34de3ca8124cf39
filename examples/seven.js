// A picture for the examples: a seven, in black on white. It comes in the two forms that their guests take.
const pen = Object.assign(document.createElement('canvas'), { width: 28, height: 28 }).getContext('2d');
pen.fillStyle = 'white';
pen.fillRect(0, 0, 28, 28);
pen.lineWidth = 2.5;
pen.stroke(new Path2D('M8 6 L20 6 L12 23'));
const { data } = pen.getImageData(0, 0, 28, 28);

/** For a component: the picture, and how it becomes the input of the model. */
export const image = { width: 28, height: 28, pixels: new Uint8Array(data) };
export const model = {
  name: 'digits',
  input: 'image',
  width: 28,
  height: 28,
  colour: 'grey',
  mean: [0.1307],
  deviation: [0.3081],
  inverted: true,
  softmax: true,
};

/** For a program: the bytes of the model's input, a normalized 32-bit float for each pixel, light on dark. */
export const tensor = new Uint8Array(
  Float32Array.from({ length: 28 * 28 }, (_, index) => (1 - data[4 * index] / 255 - 0.1307) / 0.3081).buffer,
);
