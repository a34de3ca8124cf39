import { joinBytes } from '../standard/join-bytes.js';
import { pickle, writeArchive } from './pytorch/archive.fixture.js';
import { crc32 } from './pytorch/crc32.js';

/** Small or middling files that would take far more time or memory than their size if nothing bounded them. */
export interface Bomb {
  readonly format: 'openvino' | 'pytorch' | 'tensorflow';
  readonly name: string;
  readonly parts: () => readonly Uint8Array[];
}

const mebibyte = 2 ** 20;
const utf8 = new TextEncoder();

const xml = (text: string) => [utf8.encode(text), new Uint8Array()];

/** Four mebibytes of a piece of text. */
const fill = (piece: string, start = '', end = '') =>
  start + piece.repeat(Math.floor((4 * mebibyte - start.length - end.length) / piece.length)) + end;

const exported = (json: string) => [writeArchive([{ name: 'models/model.json', content: json }])];

const torchScript = (entries: Readonly<Record<string, Uint8Array | string>>) => [
  writeArchive(
    Object.entries({
      'data.pkl': pickle('c__torch__\nProgram\n)\x81}b'),
      'code/__torch__.py':
        'class Program(Module):\n  def forward(self: __torch__.Program,\n    x: Tensor) -> Tensor:\n    return x\n',
      'constants.pkl': pickle(')'),
      ...entries,
    }).map(([name, content]) => ({ name, content })),
  ),
];

/** A message that has a message that has a message …: the field is the same in all of them. */
function nestedMessages(field: number, depth: number): Uint8Array {
  const headers: Uint8Array[] = [];
  let length = 0;
  for (let level = 0; level < depth; level++) {
    const header = Uint8Array.from([field * 8 + 2, ...varint(length)]);
    headers.push(header);
    length += header.byteLength;
  }
  // The innermost comes last.
  return joinBytes(headers.reverse());
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function message(field: number, content: Uint8Array): Uint8Array {
  return joinBytes([Uint8Array.from([...varint(field * 8 + 2), ...varint(content.byteLength)]), content]);
}

const text = (field: number, value: string) => message(field, utf8.encode(value));

/** A graph that negates a constant, whose attribute `value` has these bytes. */
const graphWithValue = (value: Uint8Array) => [
  joinBytes([
    message(
      1,
      joinBytes([text(1, 'c'), text(2, 'Const'), message(5, joinBytes([text(1, 'value'), message(2, value)]))]),
    ),
    message(1, joinBytes([text(1, 'y'), text(2, 'Neg'), text(3, 'c')])),
  ]),
];

export const bombs: readonly Bomb[] = [
  { format: 'openvino', name: 'nested elements', parts: () => xml(fill('<a>')) },
  { format: 'openvino', name: 'many elements', parts: () => xml(fill('<a/>', '<net version="11">', '</net>')) },
  {
    format: 'openvino',
    name: 'as many elements as there may be',
    parts: () => xml(`<net version="11">${'<a/>'.repeat(249_990)}</net>`),
  },
  {
    format: 'openvino',
    name: 'as many references as there may be',
    parts: () => xml(`<net version="11">${'&#65;'.repeat(249_990)}</net>`),
  },
  { format: 'openvino', name: 'many attributes', parts: () => xml(`<net ${manyAttributes(200_000)}/>`) },
  { format: 'openvino', name: 'many references', parts: () => xml(fill('&#65;', '<net version="11" a="', '"/>')) },
  { format: 'openvino', name: 'a long name', parts: () => xml(fill('a', '<', '/>')) },
  { format: 'openvino', name: 'many comments', parts: () => xml(fill('<!---->', '<net version="11">', '</net>')) },
  { format: 'openvino', name: 'comments without an end', parts: () => xml(fill('<!--', '<net version="11">')) },
  { format: 'pytorch', name: 'nested lists in JSON', parts: () => exported(nestedLists(2 * mebibyte)) },
  { format: 'pytorch', name: 'nested objects in JSON', parts: () => exported(fill('{"a":', '{"a":')) },
  { format: 'pytorch', name: 'many objects in JSON', parts: () => exported(fill('{},', '{"a":[', '0]}')) },
  { format: 'pytorch', name: 'nested arguments in JSON', parts: () => exported(nestedArguments(200_000)) },
  { format: 'pytorch', name: 'many keys in JSON', parts: () => exported(`{${manyKeys(500_000)}}`) },
  { format: 'pytorch', name: 'huge numbers in JSON', parts: () => exported(fill('9', '{"a":', '}')) },
  { format: 'pytorch', name: 'a long string in JSON', parts: () => exported(fill('\\u0041', '{"a":"', '"}')) },
  {
    format: 'pytorch',
    name: 'nested lists in a pickle',
    parts: () => torchScript({ 'constants.pkl': nestedPickle(200_000) }),
  },
  {
    format: 'pytorch',
    name: 'lists that double in a pickle',
    parts: () => torchScript({ 'constants.pkl': doublingPickle(200), 'code/__torch__.py': readingConstant }),
  },
  {
    format: 'pytorch',
    name: 'a pickle of many marks',
    parts: () => torchScript({ 'data.pkl': pickle('('.repeat(2 * mebibyte)) }),
  },
  {
    format: 'pytorch',
    name: 'a pickle of many dictionaries',
    parts: () => torchScript({ 'data.pkl': pickle('}'.repeat(2 * mebibyte)) }),
  },
  { format: 'pytorch', name: 'long code', parts: () => torchScript({ 'code/__torch__.py': fill('a = torch.x(1)\n') }) },
  {
    format: 'pytorch',
    name: 'many names of operators',
    parts: () => torchScript({ 'code/a.py': manyOperators(200_000) }),
  },
  {
    format: 'pytorch',
    name: 'an archive of many entries',
    parts: () => [
      writeArchive(Array.from({ length: 65_000 }, (_, index) => ({ name: `code/${index}.py`, content: '' }))),
    ],
  },
  { format: 'pytorch', name: 'a zip bomb', parts: zipBomb },
  { format: 'tensorflow', name: 'nested lists of attributes', parts: () => graphWithValue(nestedMessages(1, 200_000)) },
  { format: 'tensorflow', name: 'nested tensors', parts: () => graphWithValue(nestedMessages(8, 200_000)) },
  { format: 'tensorflow', name: 'nested functions', parts: () => graphWithValue(nestedMessages(10, 200_000)) },
  { format: 'tensorflow', name: 'groups in groups', parts: () => [new Uint8Array(4 * mebibyte).fill(0x0b)] },
  {
    format: 'tensorflow',
    name: 'many empty nodes',
    parts: () => [Uint8Array.from({ length: 4 * mebibyte }, (_, at) => (at % 2 ? 0 : 0x0a))],
  },
  {
    format: 'tensorflow',
    name: 'many inputs',
    parts: () => [
      message(
        1,
        joinBytes([
          text(1, 'y'),
          text(2, 'AddN'),
          Uint8Array.from({ length: 2 ** 20 }, (_, at) => [0x1a, 1, 0x78][at % 3] ?? 0),
        ]),
      ),
    ],
  },
];

function manyAttributes(count: number): string {
  return Array.from({ length: count }, (_, index) => `a${index}=""`).join(' ');
}

function manyKeys(count: number): string {
  return Array.from({ length: count }, (_, index) => `"${index}":0`).join();
}

function manyOperators(count: number): string {
  return Array.from({ length: count }, (_, index) => `torch.x${index}(x)\n`).join('');
}

/** A constant that may be one that may be one …. */
function nestedArguments(depth: number): string {
  const argument = `${'{"as_optional_tensor":'.repeat(depth)}{"as_none":null}${'}'.repeat(depth)}`;
  const signature = `{"input_specs":[{"constant_input":{"name":"c","value":${argument}}}],"output_specs":[]}`;
  return `{"graph_module":{"graph":{"nodes":[]},"signature":${signature}}}`;
}

function nestedLists(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`;
}

/** A list in a list in a list …. */
function nestedPickle(depth: number): Uint8Array {
  return pickle(`${']'.repeat(depth)}${'a'.repeat(depth - 1)}\x85`);
}

/** Each list has the one before it twice, so that it has 2ⁿ elements for who goes through them all. */
function doublingPickle(levels: number): Uint8Array {
  const lists = Array.from({ length: levels }, (_, index) => {
    const [from, to] = [index, index + 1].map((number) => String.fromCharCode(number));
    return `h${from}h${from}\x86q${to}`;
  });
  return pickle(`]q\0${lists.join('')}\x85`);
}

const readingConstant =
  'class Program(Module):\n  def forward(self: __torch__.Program,\n    x: Tensor) -> Tensor:\n    a = CONSTANTS.c0\n    return x\n';

/** An entry that says that it inflates to a gigabyte. */
function zipBomb(): readonly Uint8Array[] {
  const content = new Uint8Array(1000);
  const deflated = { size: 2 ** 30, checksum: crc32(content) };
  return [writeArchive([{ name: 'data.pkl', content, deflated }])];
}
