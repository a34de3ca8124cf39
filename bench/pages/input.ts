/** The input of a model, by its name. */
export interface Input {
  readonly name: string;
  readonly ty: 'FP32' | 'U8' | 'I64';
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
}
