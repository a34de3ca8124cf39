import { head, text, textEntry, u32, u64 } from '../src/backends/text/gguf.fixture.js';
import { joinBytes } from '../src/standard/join-bytes.js';
import { createRandom } from '../src/standard/random.fixture.js';

/**
 * Makes a projector, as language models that see images have beside their own file: a vision transformer of LLaVA's kind with
 * random weights. It makes 4 tokens of an image. They have no meaning, but differ from image to image.
 */

const imageSize = 28;
const patchSize = 14;
const width = 32;
const feedForward = 64;
const blocks = 2;
const alignment = 32;

/** A tensor of numbers. ggml counts dimensions from the innermost. */
interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** @param embedding how many numbers the language model has for a token */
export function makeProjector(embedding: number): Uint8Array<ArrayBuffer> {
  const tensors = makeTensors(embedding);
  const entries: Uint8Array[] = [];
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    entries.push(joinBytes([text(name), u32(shape.length), ...shape.map(u64), u32(0), u64(offset)]));
    const bytes = padded(new Uint8Array(values.buffer));
    data.push(bytes);
    offset += bytes.byteLength;
  }
  return joinBytes([padded(joinBytes([head(tensors.length, makeMetadata(embedding)), ...entries])), ...data]);
}

function makeMetadata(embedding: number): Uint8Array[] {
  const sizes = {
    'clip.vision.image_size': imageSize,
    'clip.vision.patch_size': patchSize,
    'clip.vision.embedding_length': width,
    'clip.vision.feed_forward_length': feedForward,
    'clip.vision.block_count': blocks,
    'clip.vision.attention.head_count': 2,
    'clip.vision.projection_dim': embedding,
  };
  return [
    textEntry('general.architecture', 'clip'),
    textEntry('clip.projector_type', 'mlp'),
    joinBytes([text('clip.has_vision_encoder'), u32(7), Uint8Array.of(1)]),
    joinBytes([text('clip.use_gelu'), u32(7), Uint8Array.of(1)]),
    ...Object.entries(sizes).map(([name, size]) => joinBytes([text(name), u32(4), u32(size)])),
    joinBytes([text('clip.vision.attention.layer_norm_epsilon'), u32(6), floats(1e-5)]),
    joinBytes([text('clip.vision.image_mean'), u32(9), u32(6), u64(3), floats(0.5, 0.5, 0.5)]),
    joinBytes([text('clip.vision.image_std'), u32(9), u32(6), u64(3), floats(0.25, 0.25, 0.25)]),
  ];
}

function makeTensors(embedding: number): Tensor[] {
  const random = createRandom(19);
  const noise = (name: string, shape: readonly number[], scale: number): Tensor => {
    const length = shape.reduce((product, size) => product * size, 1);
    return { name, shape, values: Float32Array.from({ length }, () => (random() * 2 - 1) * scale) };
  };
  const linear = (name: string, inputs: number, outputs: number, gain = 1) => [
    noise(`${name}.weight`, [inputs, outputs], gain / Math.sqrt(inputs)),
    noise(`${name}.bias`, [outputs], 0.1),
  ];
  const norm = (name: string) => [
    { name: `${name}.weight`, shape: [width], values: new Float32Array(width).fill(1) },
    noise(`${name}.bias`, [width], 0.1),
  ];
  const block = (index: number) => [
    ...norm(`v.blk.${index}.ln1`),
    ...norm(`v.blk.${index}.ln2`),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_out'].flatMap((name) => linear(`v.blk.${index}.${name}`, width, width)),
    ...linear(`v.blk.${index}.ffn_up`, width, feedForward),
    ...linear(`v.blk.${index}.ffn_down`, feedForward, width),
  ];
  return [
    noise('v.patch_embd.weight', [patchSize, patchSize, 3, width], 0.1),
    noise('v.position_embd.weight', [width, (imageSize / patchSize) ** 2], 0.1),
    ...Array.from({ length: blocks }, (_, index) => block(index)).flat(),
    ...linear('mm.0', width, embedding),
    // Small numbers would not change the text: those of the model's own tokens are larger.
    ...linear('mm.2', embedding, embedding, 4),
  ];
}

function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function padded(bytes: Uint8Array): Uint8Array {
  return joinBytes([bytes, new Uint8Array(-bytes.byteLength & (alignment - 1))]);
}
