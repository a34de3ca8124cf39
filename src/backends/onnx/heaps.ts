/** Emscripten's memories may grow to as many pages, which nothing else in the engine's thread asks for. */
const emscriptenMaximum = 65_536;

const heaps: WebAssembly.Memory[] = [];
let watching = false;

/**
 * Takes note of the memories of onnxruntime's modules, which are made when the first session is. They never shrink, and
 * onnxruntime does not report them.
 */
export function watchHeaps(): void {
  if (watching) return;
  watching = true;
  const NativeMemory = WebAssembly.Memory;
  WebAssembly.Memory = class extends NativeMemory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      if (descriptor.maximum === emscriptenMaximum) heaps.push(this);
    }
  };
}

/** How many bytes the modules' memories have grown to. */
export function heapBytes(): number {
  return heaps.reduce((total, { buffer }) => total + buffer.byteLength, 0);
}
