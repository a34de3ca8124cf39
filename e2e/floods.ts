/** Programs that write, or cause errors, without end. */

interface Flood {
  readonly name: string;
  /** The fields of its module, see `moduleOf`. */
  readonly fields: string;
  readonly kinds: readonly ('core module' | 'component')[];
  /**
   * How many bytes and errors the page takes until a guest that nothing holds back is far ahead of it. Absent where the
   * guest waits for an answer each time.
   */
  readonly head?: number;
}

const both = ['core module', 'component'] as const;

/** @param length as four bytes of text */
const buffer = (length: string) => `(data (i32.const 16) "\\20\\00\\00\\00${length}") (data (i32.const 32) "x")`;

const writeTo = (descriptor: number) =>
  `(drop (call $fd_write (i32.const ${descriptor}) (i32.const 16) (i32.const 1) (i32.const 8)))`;

const forever = (body: string) => `(func (export "_start") (loop $again ${body} (br $again)))`;

const oneByte = buffer('\\01\\00\\00\\00');

export const floods: readonly Flood[] = [
  { name: 'one-byte writes', fields: `${oneByte} ${forever(writeTo(1))}`, kinds: both, head: 200_000 },
  {
    name: 'one-byte writes to both streams',
    fields: `${oneByte} ${forever(writeTo(1) + writeTo(2))}`,
    kinds: both,
    head: 20_000,
  },
  { name: '64 KiB writes', fields: `${buffer('\\00\\00\\01\\00')} ${forever(writeTo(1))}`, kinds: both, head: 4 << 20 },
  { name: 'errors', fields: forever('(drop (call $compute (i32.const 99)))'), kinds: ['core module'], head: 200_000 },
  {
    name: 'unknown names',
    fields: forever('(drop (call $load_by_name (i32.const 32) (i32.const 4) (i32.const 64)))'),
    kinds: ['core module'],
  },
];
