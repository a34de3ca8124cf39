/**
 * Makes a component's script refuse a record that lacks a field. jco takes a field that is missing for `undefined`, and a number
 * then for 0.
 */

/** jco takes a record apart: `var {width: v1_0, height: v1_1 } = arg0;`. */
export const recordPattern = /\bvar \{((?:[\w$]+: v\d+_\d+,? ?)+)\} = [\w$]+;/g;

/** jco looks whether an option is there: `var variant3 = v1_1;`, declarations, and `if (variant3 === null`. */
const optionPattern = /\bvar (variant\d+) = (v\d+_\d+);(?:\s*let [\w$]+;)*\s*if \(\1 === null/g;

const requireFields = `
function _requireFields(names, values) {
  const missing = values.indexOf(undefined);
  if (missing !== -1) throw new TypeError('a record has no field ' + names[missing]);
}
`;

/** The script, in which each record that is taken apart is followed by a check of its fields. */
export function checkFields(script: string): string {
  const records = [...script.matchAll(recordPattern)];
  if (records.length === 0) return script;
  const optional = optionalFields(script, records);
  const amended = script.replace(recordPattern, (found, list: string, index: number) => {
    const fields = fieldsOf(list).filter(({ variable }) => !optional.has(`${index} ${variable}`));
    const names = fields.map(({ name }) => `'${name}'`).join(', ');
    const values = fields.map(({ variable }) => variable).join(', ');
    return fields.length === 0 ? found : `${found} _requireFields([${names}], [${values}]);`;
  });
  return amended + requireFields;
}

/**
 * The fields that may be missing, each by the place of its record and its variable. The names of variables come again in later
 * functions. So the script is read from its end: an option belongs to the last record before it that has its variable.
 */
function optionalFields(script: string, records: readonly RegExpExecArray[]): ReadonlySet<string> {
  const options = [...script.matchAll(optionPattern)];
  const optional = new Set<string>();
  const open = new Set<string>();
  for (const record of records.toReversed()) {
    for (let option = options.at(-1); option && option.index > record.index; option = options.at(-1)) {
      open.add(option[2] ?? '');
      options.pop();
    }
    for (const { variable } of fieldsOf(record[1] ?? '')) {
      if (open.delete(variable)) optional.add(`${record.index} ${variable}`);
    }
  }
  return optional;
}

/** @param list `width: v1_0, height: v1_1 ` */
function fieldsOf(list: string): { readonly name: string; readonly variable: string }[] {
  return list.split(',').map((field) => {
    const [name = '', variable = ''] = field.split(':').map((part) => part.trim());
    return { name, variable };
  });
}
