/** The operators that an importer knows, by the names that the format gives them. */
export type OperatorTable<Converter> = ReadonlyMap<string, Converter>;

/**
 * Joins the groups of converters that the files of an importer export. A map, since the names that are looked up come
 * from files: `constructor` is then no operator.
 */
export function operatorTable<Converter>(
  ...groups: readonly Readonly<Record<string, Converter>>[]
): OperatorTable<Converter> {
  return new Map(groups.flatMap((group) => Object.entries(group)));
}
