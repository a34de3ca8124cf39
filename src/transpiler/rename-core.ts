import type { Names } from './names.js';
import { createSectionEditor, type SectionEditor } from './section-editor.js';
import { coreSort, unsupported } from './sorts.js';

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const section = { custom: 0, import: 2, export: 7 } as const;

/** The custom section that names functions, for stack traces. */
const debugNames = 'name';

const functionType = 0x60;
const moduleType = 0x50;
const outerType = [coreSort.type, 0x01] as const;

/** Gives safe names to the imports and exports of a core module, and leaves out its custom sections but the debug names. */
export function renameCoreModule(bytes: Uint8Array, base: number, names: Names): Uint8Array {
  if (preamble.some((byte, index) => bytes[index] !== byte))
    throw unsupported('a core module of another version', base);
  const editor = createSectionEditor(bytes, base, preamble.length);
  while (!editor.atEnd()) {
    const from = editor.offset();
    const id = editor.byte();
    if (id === section.custom) {
      if (createSectionEditor(editor.section(), 0).text() !== debugNames) editor.drop(from);
    } else if (id === section.import || id === section.export) {
      editor.replaceSection((content, offset) => renameEntries(id, content, offset, names));
    } else editor.section();
  }
  return editor.finish();
}

function renameEntries(id: number, content: Uint8Array, offset: number, names: Names): Uint8Array {
  const editor = createSectionEditor(content, offset);
  editor.list(() => {
    if (id === section.import) renameImport(editor, names);
    else renameExport(editor, names);
  });
  if (!editor.atEnd()) throw unsupported('a core module whose imports or exports are of no known form', offset);
  return editor.finish();
}

function renameImport(editor: SectionEditor, names: Names): void {
  editor.replaceText(names.core);
  editor.replaceText(names.core);
  readImportDescription(editor);
}

function renameExport(editor: SectionEditor, names: Names): void {
  editor.replaceText(names.core);
  editor.byte();
  editor.number();
}

/** Renames in a type of the core type section: one of functions, or of modules. */
export function renameCoreType(editor: SectionEditor, names: Names): void {
  const form = editor.byte();
  if (form === moduleType) editor.list(() => renameModuleDeclaration(editor, names));
  else readFunctionType(form, editor);
}

function renameModuleDeclaration(editor: SectionEditor, names: Names): void {
  const kind = editor.byte();
  switch (kind) {
    case 0:
      renameImport(editor, names);
      return;
    case 1:
      readFunctionType(editor.byte(), editor);
      return;
    case 2:
      for (const expected of outerType) {
        if (editor.byte() !== expected) throw unsupported('an alias in the type of a core module', editor.offset());
      }
      editor.number();
      editor.number();
      return;
    case 3:
      editor.replaceText(names.core);
      readImportDescription(editor);
      return;
    default:
      throw unsupported(`a declaration of kind ${kind} in the type of a core module`, editor.offset());
  }
}

function readFunctionType(form: number, editor: SectionEditor): void {
  if (form !== functionType) throw unsupported(`a core type of kind ${form}`, editor.offset());
  editor.list(() => readValueType(editor));
  editor.list(() => readValueType(editor));
}

/** What is imported: a function, table, memory, global or tag, by its type. */
function readImportDescription(editor: SectionEditor): void {
  const kind = editor.byte();
  switch (kind) {
    case coreSort.function:
      editor.number();
      return;
    case coreSort.table:
      readValueType(editor);
      readLimits(editor);
      return;
    case coreSort.memory:
      readLimits(editor);
      return;
    case coreSort.global:
      readValueType(editor);
      editor.byte();
      return;
    case coreSort.tag:
      editor.byte();
      editor.number();
      return;
    default:
      throw unsupported(`a core import of kind ${kind}`, editor.offset());
  }
}

/** A value type is one byte; references to types have a number behind it. */
function readValueType(editor: SectionEditor): void {
  const form = editor.byte();
  const isReference = form === 0x63 || form === 0x64;
  if (isReference) editor.longNumber();
}

function readLimits(editor: SectionEditor): void {
  const flags = editor.byte();
  const hasMaximum = (flags & 1) !== 0;
  const hasPageSize = (flags & 8) !== 0;
  editor.longNumber();
  if (hasMaximum) editor.longNumber();
  if (hasPageSize) editor.longNumber();
}
