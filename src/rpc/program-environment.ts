/** What a guest finds around it when it is run as a program. It can be posted to a worker. */
export interface ProgramEnvironment {
  /** The arguments, the program's name first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** `page`: the page is asked for each piece (`page-reply.ts`). */
  readonly stdin: Uint8Array<ArrayBuffer> | 'page';
  /** Files by their paths, the folders between them implied: `fixture/model.onnx`. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** The names of the page's functions that a core module may import, by modules. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
  /** The proposed interfaces that a component may import. */
  readonly proposals: readonly Proposal[];
}

/** Interfaces that are proposed for wasi-nn: `prompt` is `wasi:nn/prompt`. */
export const knownProposals = ['prompt'] as const;

export type Proposal = (typeof knownProposals)[number];

export type OutputStream = 'stdout' | 'stderr';

/** Where what a program writes goes. */
export type OutputSink = (stream: OutputStream, bytes: Uint8Array<ArrayBuffer>) => void;

export const emptyEnvironment: ProgramEnvironment = {
  args: ['guest'],
  env: {},
  stdin: new Uint8Array(),
  files: new Map(),
  imports: new Map(),
  proposals: [],
};
