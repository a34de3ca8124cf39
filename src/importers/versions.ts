/**
 * The versions of what the importers make. A converted model is kept between visits under the version that made it. Raise
 * an importer's number with each change of what it makes of a model that it converted before, so that no browser goes on
 * with the old conversion.
 */
export const importerVersions = { openvino: 1, pytorch: 1, tensorflow: 1 } as const;

/** An encoding that has an importer. */
export type ImportedEncoding = keyof typeof importerVersions;
