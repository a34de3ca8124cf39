/** The release of transformers.js that is compared with. */
export const transformersVersion = '4.3.1';

/** Where the server of the benchmark has its files, in its folder of peers. */
export const transformersFolder = `transformers-${transformersVersion}`;
