import type * as OnnxRuntime from 'onnxruntime-web';

/**
 * Whether the code of onnxruntime is in this script, because a bundler has put the whole worker into one file, as Vite does
 * for `worker.format: 'iife'`. onnxruntime starts its threads from the script that its code is in. These threads would be
 * engines then, which never answer it.
 *
 * @param script the URL of the script that asks; undefined where it has none, as in Node
 */
export function isInScript(ort: typeof OnnxRuntime, script: string | undefined): boolean {
  if (script === undefined) return false;
  const frame = stackOf(ort)
    .split('\n')
    .find((line) => line.includes('://'));
  return frame?.includes(`${script}:`) ?? false;
}

/** The stack of an error that onnxruntime throws. Its first frame has the URL of onnxruntime's script. */
function stackOf(ort: typeof OnnxRuntime): string {
  try {
    new ort.Tensor('float32', [], [-1]);
  } catch (error) {
    if (error instanceof Error) return error.stack ?? '';
  }
  return '';
}
