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

/** All files of code that one conversion reads, together. */
const maximumBytes = 4 * 1024 * 1024;

/** The code of a TorchScript archive. A file is parsed when something in it is first needed. */
export class Code {
  readonly #archive: Archive;
  readonly #files = new Map<string, File | undefined>();
  readonly #text = new TextDecoder();
  #bytes = 0;

  constructor(archive: Archive) {
    this.#archive = archive;
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
    this.#bytes += bytes.byteLength;
    if (this.#bytes > maximumBytes) throw excessive(`has more than ${maximumBytes} bytes of code`);
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
