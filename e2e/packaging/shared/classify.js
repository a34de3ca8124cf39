const targets = ['cpu', 'tpu'];

/**
 * Runs a component and a core module of the site on each target, and writes into the page's title what they answer.
 *
 * @param {typeof import('wasi-nn-web').createWasiNN} createWasiNN
 * @param {import('wasi-nn-web').WasiNNOptions} [options] what the bundler needs
 * @param guests how the guests are started. Default: from the site, by their URLs
 */
export async function classify(createWasiNN, options, guests = fetchedGuests) {
  const models = Object.fromEntries(targets.map((target) => [target, { url: '/models/digits.onnx', target }]));
  try {
    document.title = await classifySeven(createWasiNN({ ...options, models }), guests);
  } catch (error) {
    document.title = String(error);
  }
}

const fetchedGuests = {
  instantiate: (nn) => nn.instantiate('/guests/classify.component.wasm'),
  run: (nn, environment) => nn.run('/guests/example-witx-0-6.wasm', environment),
};

async function classifySeven(nn, guests) {
  const pixels = drawSeven();
  const { exports } = await guests.instantiate(nn);
  const answers = [];
  for (const target of targets) {
    const model = {
      name: target,
      input: 'image',
      width: 28,
      height: 28,
      colour: 'grey',
      mean: [0.1307],
      deviation: [0.3081],
      inverted: true,
      softmax: true,
    };
    const [guess] = await exports.classify({ width: 28, height: 28, pixels }, model, 1);
    const args = ['--name', target, '--shape', '1,1,28,28', '--tensor', 'image', '--output-bytes', '40'];
    const { stdout } = await guests.run(nn, { args, files: { image: toTensor(pixels) } });
    answers.push(`${target}: component ${guess.class}, core module ${/1\.\)\D*(\d+)/.exec(stdout)?.[1]}`);
  }
  return answers.join('; ');
}

/** The pixels of a seven, black on white paper. */
function drawSeven() {
  const pen = new OffscreenCanvas(28, 28).getContext('2d');
  pen.fillStyle = 'white';
  pen.fillRect(0, 0, 28, 28);
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.moveTo(8, 6);
  pen.lineTo(20, 6);
  pen.lineTo(12, 23);
  pen.stroke();
  return new Uint8Array(pen.getImageData(0, 0, 28, 28).data);
}

/** The model's input: a normalized grey value for each pixel, light on dark. */
function toTensor(pixels) {
  const grey = Float32Array.from({ length: 28 * 28 }, (_, index) => 1 - pixels[4 * index] / 255);
  return new Uint8Array(grey.map((value) => (value - 0.1307) / 0.3081).buffer);
}
