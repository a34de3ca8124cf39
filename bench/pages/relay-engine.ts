/** The relay's engine: it answers with what it is sent. */
globalThis.onmessage = ({ data }: MessageEvent<unknown>) => globalThis.postMessage(data);
