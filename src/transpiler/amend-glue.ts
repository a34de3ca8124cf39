/** Amendments to the script that jco makes. */

/** Where an exported function takes the number of a resource that it is given, and the kind that it should be of. */
const lowering =
  /var (handle\d+) = (\S+)\[symbolRscHandle\];\s*if \((?=!\1[^{]*\{\s*throw new TypeError\('Resource error: Not a valid \\"(\w+)\\" resource)/g;

/** A static function of a class, which jco has for each resource. */
const staticFunction = /^(\s*[A-Z][\w$]*\.[\w$]+ = )(?=function )/gm;

/**
 * Has a function refuse a resource of another kind than the one it expects. By itself it looks at the number alone,
 * which a resource of another kind may have as well: the guest would take one for the other.
 */
export function checkResourceKinds(script: string): string {
  // A class that jco cannot name like its resource has a number behind: Error$1.
  return script.replace(
    lowering,
    (found, _handle, value, kind) => `${found}${value}.constructor?.name.split('$')[0] !== '${kind}' || `,
  );
}

/** Has static functions wait: jco lets all that are suspended use `await`, but marks only the others as async. */
export function markStaticsAsync(script: string): string {
  return script.replace(staticFunction, '$1async ');
}

/** Has text keep a byte order mark that it begins with: to the Component Model it is a character like any other. */
export function keepByteOrderMarks(script: string): string {
  return script.replaceAll('new TextDecoder()', "new TextDecoder('utf-8', { ignoreBOM: true })");
}
