import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { nodeFiles } from './litert-node.fixture.js';
import { createTfliteBackend } from './tflite.js';

const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(import.meta.dirname, '../../../../shared/fixtures');
const file = path.join(fixtures, 'encodings/tflite/small_float.tflite');
const caller = { guest: 0, begin: () => () => undefined };

it.skipIf(!existsSync(file))(
  'a model that makes LiteRT.js trap ends with an error, and its module is given up',
  async () => {
    const reasons: string[] = [];
    const onBroken = (reason: string) => reasons.push(reason);
    // Whether it traps depends on what lies where in the memory, so on the build.
    const files = { ...nodeFiles, relaxed: nodeFiles.compat };
    const backend = createTfliteBackend({ allowSoftwareAdapter: false, onBroken }, files);
    // The damage is in the place of an offset, which leads LiteRT.js out of its memory.
    const model = new Uint8Array(readFileSync(file)).with(120, 0);
    await expect(backend.load([model], { target: 'cpu' }, caller)).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringMatching(/^load: LiteRT\.js cannot load the model: .*memory access out of bounds/),
    });
    expect(reasons).toEqual([expect.stringContaining('memory access out of bounds')]);
  },
);
