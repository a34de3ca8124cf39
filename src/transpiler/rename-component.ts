import { WasiNNError } from '../standard/error.js';
import { createNames, type Names } from './names.js';
import { renameCoreModule, renameCoreType } from './rename-core.js';
import { readDescription, renameAlias, renameExternName } from './rename-references.js';
import { renameType } from './rename-types.js';
import { createSectionEditor, type SectionEditor } from './section-editor.js';
import { coreSort, readCoreSort, readSort, unsupported } from './sorts.js';

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/** Components are nested, but by what makes them only a level or two. */
const maxDepth = 8;

const documentation = 'package-docs';

/**
 * Reads a component completely (Component Model, Binary.md), checks all names in it, and gives names that are safe to
 * those that any text can be. What it imports and exports keeps its name, except those that `glueName` maps.
 *
 * Custom sections are left out: they mean nothing to a component that runs.
 *
 * @param isForTypes whether types are made of it, not a script: the documentation of WIT stays, and all names of WIT
 * @throws WasiNNError `invalid-argument` for bytes that are no component or names that are no names;
 *   `unsupported-operation` for parts of the component model that are not known here
 */
export function renameComponent(bytes: Uint8Array, isForTypes = false): Uint8Array<ArrayBuffer> {
  if (!isComponent(bytes)) throw notAComponent();
  return new Uint8Array(renameNested(bytes, 0, { names: createNames(isForTypes), isForTypes, depth: 0 }));
}

export function isComponent(bytes: Uint8Array): boolean {
  return preamble.every((byte, index) => bytes[index] === byte);
}

interface Context {
  readonly names: Names;
  readonly isForTypes: boolean;
  readonly depth: number;
}

function renameNested(bytes: Uint8Array, base: number, context: Context): Uint8Array {
  if (!isComponent(bytes)) throw notAComponent();
  const editor = createSectionEditor(bytes, base, preamble.length);
  while (!editor.atEnd()) {
    const from = editor.offset();
    const id = editor.byte();
    if (id === 0 && !isKept(editor, context)) editor.drop(from);
    else if (id !== 0) editor.replaceSection((content, offset) => renameSection(id, content, offset, context));
  }
  return editor.finish();
}

/** Passes over a custom section. */
function isKept(editor: SectionEditor, { isForTypes, depth }: Context): boolean {
  const content = editor.section();
  const name = createSectionEditor(content, 0).text();
  if (name !== documentation || !isForTypes || depth > 0) return false;
  return !endsComment(new TextDecoder().decode(content));
}

/** Whether documentation, which is JSON, has what ends a comment: the rest would be taken for a declaration of types. */
function endsComment(text: string): boolean {
  try {
    const documented: unknown = JSON.parse(text.slice(text.indexOf('{')));
    return JSON.stringify(documented).includes('*/');
  } catch {
    return true;
  }
}

function renameSection(id: number, content: Uint8Array, offset: number, context: Context): Uint8Array {
  const { names, depth } = context;
  const editor = createSectionEditor(content, offset);
  switch (id) {
    case 1:
      return renameCoreModule(content, offset, names);
    case 2:
      editor.list(() => renameCoreInstance(editor, names));
      break;
    case 3:
      editor.list(() => renameCoreType(editor, names));
      break;
    case 4:
      if (depth >= maxDepth) throw unsupported(`components in more than ${maxDepth} others`, offset);
      return renameNested(content, offset, { ...context, depth: depth + 1 });
    case 5:
      editor.list(() => renameInstance(editor, names));
      break;
    case 6:
      editor.list(() => renameAlias(editor, names));
      break;
    case 7:
      editor.list(() => renameType(editor, names, 0));
      break;
    case 8:
      // Canonical functions have no names.
      return content;
    case 10:
      editor.list(() => {
        renameExternName(editor, names);
        readDescription(editor);
      });
      break;
    case 11:
      editor.list(() => renameExport(editor, names));
      break;
    default:
      throw unsupported(`a section of kind ${id}`, offset);
  }
  expectEnd(editor);
  return editor.finish();
}

function renameCoreInstance(editor: SectionEditor, names: Names): void {
  const isOfModule = readChoice(editor);
  if (isOfModule) {
    editor.number();
    editor.list(() => {
      editor.replaceText(names.core);
      if (readCoreSort(editor) !== coreSort.instance) throw unsupported('what a core module is given', editor.offset());
      editor.number();
    });
    return;
  }
  editor.list(() => {
    editor.replaceText(names.core);
    readCoreSort(editor);
    editor.number();
  });
}

function renameInstance(editor: SectionEditor, names: Names): void {
  const isOfComponent = readChoice(editor);
  if (isOfComponent) editor.number();
  editor.list(() => {
    // The names of arguments have no byte in front.
    if (isOfComponent) editor.replaceText(names.extern);
    else renameExternName(editor, names);
    readSort(editor);
    editor.number();
  });
}

function renameExport(editor: SectionEditor, names: Names): void {
  renameExternName(editor, names);
  readSort(editor);
  editor.number();
  const hasDescription = !readChoice(editor);
  if (hasDescription) readDescription(editor);
}

/** Reads a byte that is 0 or 1. @returns whether it is 0 */
function readChoice(editor: SectionEditor): boolean {
  const choice = editor.byte();
  if (choice > 1) throw unsupported(`a choice ${choice}`, editor.offset());
  return choice === 0;
}

function expectEnd(editor: SectionEditor): void {
  if (!editor.atEnd()) throw unsupported('a section with more in it than it says', editor.offset());
}

export function notAComponent(): WasiNNError {
  return new WasiNNError(
    'invalid-argument',
    'instantiate: expected a WebAssembly component or module, but the bytes are neither: check the URL',
  );
}
