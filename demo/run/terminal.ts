import { element } from '../layout/element.js';

export type Stream = 'stdout' | 'stderr' | 'event';

/** Shows what a program writes, as it writes it. */
export interface Terminal {
  clear(): void;
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** A line that is not of the program. */
  note(line: string): void;
}

/** What is shown at most, in UTF-16 code units: a page with more stands still. The end is what counts. */
const mostShown = 200_000;

export function createTerminal(place: HTMLElement): Terminal {
  let decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let pending: { readonly stream: Stream; readonly text: string }[] = [];
  let shown = 0;

  /** Programs write more often than screens are refreshed. */
  function append(stream: Stream, text: string): void {
    if (text === '') return;
    if (pending.length === 0) requestAnimationFrame(paint);
    pending.push({ stream, text });
  }

  function paint(): void {
    const isAtEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 8;
    for (const { stream, text } of pending) {
      const last = place.lastElementChild;
      shown += text.length;
      if (last instanceof HTMLElement && last.dataset.stream === stream) last.append(text);
      else place.append(element('span', { 'data-stream': stream }, text));
    }
    pending = [];
    while (shown > mostShown) {
      const text = place.firstElementChild?.firstChild;
      if (!text) break;
      shown -= text.textContent?.length ?? 0;
      text.remove();
      if (!place.firstElementChild?.firstChild) place.firstElementChild?.remove();
    }
    if (isAtEnd) place.scrollTop = place.scrollHeight;
  }

  return {
    clear() {
      decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
      pending = [];
      shown = 0;
      place.replaceChildren();
    },
    write: (stream, bytes) => append(stream, decoders[stream].decode(bytes, { stream: true })),
    note: (line) => append('event', `· ${line}\n`),
  };
}
