import type { ConversionMessage, ConversionReply } from './conversion-worker.js';

interface ConvertedModel {
  readonly encoding: ConversionMessage['encoding'];
  readonly urls: readonly string[];
}

/** By the scenarios' ids. */
const models: Readonly<Record<string, ConvertedModel>> = {
  'i-road-segmentation': {
    encoding: 'openvino',
    urls: ['/fixtures/models/road-segmentation.xml', '/fixtures/models/road-segmentation.bin'],
  },
  'i-squeezenet-openvino': {
    encoding: 'openvino',
    urls: ['/fixtures/encodings/openvino/squeezenet.xml', '/fixtures/encodings/openvino/squeezenet.bin'],
  },
  'i-squeezenet-pytorch': {
    encoding: 'pytorch',
    urls: ['/fixtures/encodings/pytorch/squeezenet1_1.traced.pt'],
  },
};

/** @returns how long each conversion took, in ms, each in a worker of its own that has converted nothing before */
export async function measureConversion(id: string, times: number): Promise<number[]> {
  const model = models[id];
  if (!model) throw new Error(`there is no model ${id}`);
  const parts = await Promise.all(model.urls.map(fetchPart));
  const inputs = [{ type: 'FP32', dimensions: [1, 3, 224, 224] }] as const;
  const milliseconds: number[] = [];
  while (milliseconds.length < times) {
    milliseconds.push(await convert({ encoding: model.encoding, parts, inputs }));
  }
  return milliseconds;
}

async function fetchPart(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function convert(message: ConversionMessage): Promise<number> {
  const worker = new Worker(new URL('./conversion-worker.js', import.meta.url), { type: 'module' });
  try {
    const { milliseconds, byteLength } = await new Promise<ConversionReply>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<ConversionReply>) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(message);
    });
    if (byteLength === 0) throw new Error('the conversion is empty');
    return milliseconds;
  } finally {
    worker.terminate();
  }
}
