import type { Names } from './names.js';
import type { SectionEditor } from './section-editor.js';
import { coreSort, readSort, sort, unsupported } from './sorts.js';

/** The name of an import or export, which has a byte in front. */
export function renameExternName(editor: SectionEditor, names: Names): void {
  const kind = editor.byte();
  if (kind > 1) throw unsupported(`a name of kind ${kind}`, editor.offset());
  editor.replaceText(names.extern);
}

/** Renames in an alias: of an instance's export, of a core instance's export, or of something in a component around. */
export function renameAlias(editor: SectionEditor, names: Names): void {
  const kind = readSort(editor);
  const target = editor.byte();
  editor.number();
  if (target === 0) editor.replaceText(names.extern);
  else if (target === 1 && kind === sort.core) editor.replaceText(names.core);
  else if (target === 2) editor.number();
  else throw unsupported(`an alias of kind ${target}`, editor.offset());
}

/** Reads an `externdesc`: what is imported or exported. It has no names. */
export function readDescription(editor: SectionEditor): void {
  const kind = editor.byte();
  if (kind === sort.core) {
    if (editor.byte() !== coreSort.module) throw unsupported('an import that is no core module', editor.offset());
  } else if (kind === sort.type) {
    const bound = editor.byte();
    if (bound > 1) throw unsupported(`a type with a bound of kind ${bound}`, editor.offset());
    const isSubResource = bound === 1;
    if (isSubResource) return;
  } else if (kind === sort.value || kind > sort.instance) {
    throw unsupported(`an import or export of kind ${kind}`, editor.offset());
  }
  editor.number();
}
