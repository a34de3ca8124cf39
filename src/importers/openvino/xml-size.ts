/** What has no elements in it: how it begins, and how it ends. */
const opaque = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;

export interface XmlSize {
  /** Of elements in one another. */
  readonly depth: number;
  /** Of elements, comments and other sections, and of references such as `&lt;`. */
  readonly count: number;
}

/**
 * How much of a document there is to parse, and how deep its elements are in one another. The parser makes a tree of it,
 * which takes far more memory than the text. It calls itself for each level: at the end of the stack, V8 cannot compile the
 * parser's regular expressions, and ends the process.
 *
 * @returns the size up to where the parser refuses the document, if it does; undefined for a document with a declaration
 *   of its type, whose text could be taken for elements
 */
export function sizeOfXml(xml: string): XmlSize | undefined {
  let depth = 0;
  let deepest = 0;
  let count = 0;
  for (let at = xml.indexOf('<'); at >= 0; at = xml.indexOf('<', at)) {
    if (!xml.startsWith('</', at)) count++;
    const section = opaque.find(([start]) => xml.startsWith(start, at));
    if (section) {
      const [start, end] = section;
      const found = xml.indexOf(end, at + start.length);
      if (found < 0) break;
      at = found + end.length;
      continue;
    }
    if (xml.startsWith('<!', at)) return undefined;
    const end = endOfTag(xml, at);
    if (xml.startsWith('</', at)) depth--;
    else if (xml[end - 1] !== '/') deepest = Math.max(deepest, ++depth);
    at = end;
  }
  for (let at = xml.indexOf('&'); at >= 0; at = xml.indexOf('&', at + 1)) count++;
  return { depth: deepest, count };
}

/** Where the `>` of a tag is: attributes may have others in their values. */
function endOfTag(xml: string, start: number): number {
  let quote = '';
  for (let at = start; at < xml.length; at++) {
    const character = xml[at] ?? '';
    if (quote === '' && character === '>') return at;
    if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
  }
  return xml.length;
}
