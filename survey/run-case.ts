import type * as OnnxRuntime from 'onnxruntime-web';

/** What a provider did with a case, compared with WebAssembly. */
export type Outcome =
  | { readonly kind: 'right'; readonly distance: number }
  | { readonly kind: 'wrong'; readonly distance: number; readonly reason: string }
  /** `left`: WebNN took no operator of the model, and the processor ran it. */
  | { readonly kind: 'left' }
  | { readonly kind: 'refused' | 'aborted' | 'no reference'; readonly reason: string };

export interface PageCase {
  readonly model: string;
  readonly inputs: readonly { readonly type: string; readonly dims: readonly number[]; readonly data: string }[];
  readonly provider: 'webgpu' | 'webnn';
}

/**
 * Runs a case in a page: on WebAssembly first, then on the provider. Playwright passes the text of this function to the
 * page, so it refers to nothing outside of itself.
 */
export async function runCase({ model, inputs, provider }: PageCase): Promise<Outcome> {
  const [wasmUrl, acceleratedUrl] = ['/ort.wasm.bundle.min.mjs', '/ort.jspi.bundle.min.mjs'];
  const wasm: typeof OnnxRuntime = await import(wasmUrl);
  const accelerated: typeof OnnxRuntime = await import(acceleratedUrl);
  for (const { env } of [wasm, accelerated]) Object.assign(env, { logLevel: 'fatal' }).wasm.numThreads = 1;

  const bytes = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const elements = {
    float16: Uint16Array,
    float32: Float32Array,
    float64: Float64Array,
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
    uint64: BigUint64Array,
    int8: Int8Array,
    int16: Int16Array,
    int32: Int32Array,
    int64: BigInt64Array,
    bool: Uint8Array,
  } as const;
  const isKnown = (type: string): type is keyof typeof elements => Object.hasOwn(elements, type);
  const halfNumber = (bits: number) => {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent ? 2 ** (exponent - 25) * (fraction + 1024) : 2 ** -24 * fraction);
  };

  async function run(ort: typeof OnnxRuntime, chosen: OnnxRuntime.InferenceSession.ExecutionProviderConfig) {
    const session = await ort.InferenceSession.create(bytes(model), {
      executionProviders: [chosen],
      logSeverityLevel: 4,
    });
    const feeds = Object.fromEntries(
      inputs.map(({ type, dims, data }, index) => {
        if (!isKnown(type)) throw new Error(`the type ${type} is not known`);
        const values = new elements[type](bytes(data).buffer);
        return [session.inputNames[index] ?? '', Reflect.construct(ort.Tensor, [type, values, dims])];
      }),
    );
    const results = await session.run(feeds);
    const outputs = session.outputNames.map((name) => {
      const tensor = results[name];
      if (!tensor) throw new Error(`no output ${name}`);
      const numbers = tensor.type === 'string' ? [] : Array.from(tensor.data, Number);
      const isBits = tensor.type === 'float16' && tensor.data instanceof Uint16Array;
      return { name, dims: tensor.dims.join(), numbers: isBits ? numbers.map(halfNumber) : numbers };
    });
    await session.release();
    return outputs;
  }

  const text = (cause: unknown) => String(cause instanceof Error ? cause.message : cause).slice(0, 300);
  let expected: Awaited<ReturnType<typeof run>> | undefined;
  let without = 'it is random';
  try {
    const [once, twice] = [await run(wasm, 'wasm'), await run(wasm, 'wasm')];
    if (JSON.stringify(once) === JSON.stringify(twice)) expected = once;
  } catch (cause) {
    without = text(cause);
  }

  let graphsBuilt = 0;
  const builder: unknown = Reflect.get(globalThis, 'MLGraphBuilder');
  const prototype: unknown = typeof builder === 'function' ? builder.prototype : undefined;
  const build: unknown = prototype instanceof Object ? Reflect.get(prototype, 'build') : undefined;
  if (prototype instanceof Object && typeof build === 'function') {
    const counted = function (this: unknown, ...operands: unknown[]) {
      graphsBuilt++;
      return Reflect.apply(build, this, operands);
    };
    Reflect.set(prototype, 'build', counted);
  }
  try {
    const actual = await run(accelerated, provider === 'webnn' ? { name: 'webnn', deviceType: 'npu' } : 'webgpu');
    if (!expected) return { kind: 'no reference', reason: without };
    if (provider === 'webnn' && graphsBuilt === 0) return { kind: 'left' };
    let worst = 0;
    for (const [index, { name, dims, numbers }] of expected.entries()) {
      const found = actual[index];
      if (found?.dims !== dims) {
        const reason = `${name} has the shape [${found?.dims}], not [${dims}]`;
        return { kind: 'wrong', distance: -1, reason };
      }
      for (const [at, value] of numbers.entries()) {
        const other = found.numbers[at] ?? Number.NaN;
        if (Object.is(value, other) || value === other) continue;
        const distance = Math.abs(other - value) / Math.max(1, Math.abs(value));
        if (Number.isNaN(distance)) return { kind: 'wrong', distance: -1, reason: `${name}: ${other}, not ${value}` };
        worst = Math.max(worst, distance);
      }
    }
    return worst > 0.001
      ? { kind: 'wrong', distance: worst, reason: `off by ${worst.toPrecision(2)}` }
      : { kind: 'right', distance: worst };
  } catch (cause) {
    const isOwn = /ERROR_CODE: \d+, ERROR_MESSAGE/.test(text(cause)) || /^(no output|the type)/.test(text(cause));
    if (isOwn && !expected) return { kind: 'no reference', reason: without };
    return { kind: isOwn ? 'refused' : 'aborted', reason: text(cause) };
  } finally {
    if (prototype instanceof Object) Reflect.set(prototype, 'build', build);
  }
}
