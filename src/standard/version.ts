/** The version of this package. The scripts of workers in `dist/standalone` have it in their names. */
export const version = '0.1.0';
