import type { Names } from './names.js';
import { renameCoreType } from './rename-core.js';
import { readDescription, renameAlias, renameExternName } from './rename-references.js';
import type { SectionEditor } from './section-editor.js';
import { unsupported } from './sorts.js';

/** Types are nested where an interface is in the type of a component: two levels, or three. */
const maxDepth = 8;

const form = {
  resource: 0x3f,
  function: 0x40,
  component: 0x41,
  instance: 0x42,
  asyncFunction: 0x43,
  record: 0x72,
  variant: 0x71,
  list: 0x70,
  tuple: 0x6f,
  flags: 0x6e,
  enum: 0x6d,
  option: 0x6b,
  result: 0x6a,
  own: 0x69,
  borrow: 0x68,
  fixedList: 0x67,
  stream: 0x66,
  future: 0x65,
} as const;

/** The codes of `bool` to `string`, and of `error-context`. */
function isPrimitive(code: number): boolean {
  return (code >= 0x73 && code <= 0x7f) || code === 0x64;
}

/** Renames in a type, and checks the names of its fields, cases, flags and parameters. */
export function renameType(editor: SectionEditor, names: Names, depth: number): void {
  const kind = editor.byte();
  switch (kind) {
    case form.resource:
      readResource(editor);
      return;
    case form.function:
    case form.asyncFunction:
      renameFunction(editor, names);
      return;
    case form.component:
    case form.instance:
      if (depth >= maxDepth) throw unsupported(`types in more than ${maxDepth} others`, editor.offset());
      editor.list(() => renameDeclaration(editor, names, depth + 1));
      return;
    default:
      renameValueType(kind, editor, names);
  }
}

function renameFunction(editor: SectionEditor, names: Names): void {
  editor.list(() => {
    checkLabel(editor, names);
    readValueReference(editor);
  });
  const hasNoResult = editor.byte() === 1;
  if (!hasNoResult) readValueReference(editor);
  else if (editor.number() !== 0) throw unsupported('a function with results that have names', editor.offset());
}

function renameDeclaration(editor: SectionEditor, names: Names, depth: number): void {
  const kind = editor.byte();
  switch (kind) {
    case 0:
      renameCoreType(editor, names);
      return;
    case 1:
      renameType(editor, names, depth);
      return;
    case 2:
      renameAlias(editor, names);
      return;
    case 3:
    case 4:
      renameExternName(editor, names);
      readDescription(editor);
      return;
    default:
      throw unsupported(`a declaration of kind ${kind} in a type`, editor.offset());
  }
}

function renameValueType(kind: number, editor: SectionEditor, names: Names): void {
  switch (kind) {
    case form.record:
      editor.list(() => {
        checkLabel(editor, names);
        readValueReference(editor);
      });
      return;
    case form.variant:
      editor.list(() => readCase(editor, names));
      return;
    case form.flags:
    case form.enum:
      editor.list(() => checkLabel(editor, names));
      return;
    case form.tuple:
      editor.list(() => readValueReference(editor));
      return;
    case form.list:
    case form.option:
      readValueReference(editor);
      return;
    case form.fixedList:
      readValueReference(editor);
      editor.number();
      return;
    case form.result:
      readOptional(editor);
      readOptional(editor);
      return;
    case form.stream:
    case form.future:
      readOptional(editor);
      return;
    case form.own:
    case form.borrow:
      editor.number();
      return;
    default:
      if (!isPrimitive(kind)) throw unsupported(`a type of kind ${kind}`, editor.offset());
  }
}

function readCase(editor: SectionEditor, names: Names): void {
  checkLabel(editor, names);
  readOptional(editor);
  if (editor.byte() !== 0) throw unsupported('a case that refines another', editor.offset());
}

function readResource(editor: SectionEditor): void {
  const i32 = 0x7f;
  if (editor.byte() !== i32) throw unsupported('a resource that is no i32', editor.offset());
  if (readIsPresent(editor)) editor.number();
}

function readOptional(editor: SectionEditor): void {
  if (readIsPresent(editor)) readValueReference(editor);
}

function readIsPresent(editor: SectionEditor): boolean {
  const presence = editor.byte();
  if (presence > 1) throw unsupported(`an option of kind ${presence}`, editor.offset());
  return presence === 1;
}

/** A primitive value type, or the number of a type. */
function readValueReference(editor: SectionEditor): void {
  const first = editor.peek();
  const isNegative = first < 0x80 && (first & 0x40) !== 0;
  if (!isNegative) {
    editor.longNumber();
    return;
  }
  if (!isPrimitive(editor.byte())) throw unsupported(`a value of kind ${first}`, editor.offset());
}

function checkLabel(editor: SectionEditor, names: Names): void {
  const from = editor.offset();
  names.checkLabel(editor.text(), from);
}
