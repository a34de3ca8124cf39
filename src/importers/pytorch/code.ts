import type { Archive } from './archive.js';
import { excessive, invalid } from './failure.js';
import { parse } from './parser.js';
import type { ClassDefinition, Expression, FunctionDefinition, Statement } from './syntax.js';

/** A class of the archive's code. */
export interface Class {
  readonly base: string;
  readonly methods: ReadonlyMap<string, FunctionDefinition>;
  /** What is written in the class itself: `padding : Final[int] = 1`, and the names of the fields of a named tuple. */
  readonly attributes: ReadonlyMap<string, Expression | undefined>;
}

interface File {
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  readonly classes: ReadonlyMap<string, Class>;
}

/** All files of code together. */
const maximumBytes = 4 * 1024 * 1024;

/** What signs of the code become: `-x`, `x[1:2]` and `x[0]`. */
const signOperators = ['neg', 'slice', '__getitem__'];

/** How the code names operators: `torch.conv2d(`, `ops.aten.add(`, `ops.torchvision.roi_align(`. */
const operatorName = /\b(?:torch|ops\.aten)\.(\w+)\(|\bops\.(\w+\.\w+)\(/g;

/** The code of a TorchScript archive. A file is parsed when something in it is first needed. */
export class Code {
  readonly #archive: Archive;
  readonly #files = new Map<string, File | undefined>();
  readonly #text = new TextDecoder();

  constructor(archive: Archive) {
    this.#archive = archive;
    const bytes = this.#sources().reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (bytes > maximumBytes) throw excessive(`has more than ${maximumBytes} bytes of code`);
  }

  /** The operators that the code may call, also where it is not carried out. */
  operatorNames(): Set<string> {
    const names = new Set(signOperators);
    for (const bytes of this.#sources()) {
      for (const [, inAten, other] of this.#text.decode(bytes).matchAll(operatorName)) names.add(inAten ?? other ?? '');
    }
    return names;
  }

  #sources(): Uint8Array[] {
    return [...this.#archive].flatMap(([name, bytes]) => (/^code\/.*\.py$/.test(name) ? bytes : []));
  }

  /** @param path with the name of the file in front: `__torch__.torch.nn.functional.relu` */
  function(path: string): FunctionDefinition | undefined {
    const [file, name] = this.#find(path);
    return file?.functions.get(name);
  }

  class(path: string): Class | undefined {
    const [file, name] = this.#find(path);
    return file?.classes.get(name);
  }

  #find(path: string): [file: File | undefined, name: string] {
    const dot = path.lastIndexOf('.');
    return [this.#file(path.slice(0, dot)), path.slice(dot + 1)];
  }

  #file(name: string): File | undefined {
    if (this.#files.has(name)) return this.#files.get(name);
    const bytes = this.#archive.get(`code/${name.replaceAll('.', '/')}.py`);
    const file = bytes && this.#parse(name, bytes);
    this.#files.set(name, file);
    return file;
  }

  #parse(name: string, bytes: Uint8Array): File {
    const statements = parse(this.#text.decode(bytes));
    if (statements.length === 0) throw invalid(`its file of code ${JSON.stringify(name)} is empty`);
    const functions = new Map<string, FunctionDefinition>();
    const classes = new Map<string, Class>();
    for (const statement of statements) {
      if (statement.kind === 'function') functions.set(statement.name, statement);
      if (statement.kind === 'class') classes.set(statement.name, classOf(statement));
    }
    return { functions, classes };
  }
}

function classOf({ base, body }: ClassDefinition): Class {
  const methods = new Map<string, FunctionDefinition>();
  const attributes = new Map<string, Expression | undefined>();
  for (const statement of body) {
    if (statement.kind === 'function') methods.set(statement.name, statement);
    const name = attributeName(statement);
    if (name !== undefined && statement.kind === 'assignment') attributes.set(name, statement.value);
  }
  return { base, methods, attributes };
}

function attributeName(statement: Statement): string | undefined {
  return statement.kind === 'assignment' && statement.target.kind === 'name' ? statement.target.name : undefined;
}
