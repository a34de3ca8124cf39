/**
 * Which of the two checks of a component are made: that of its names, and that of the script that jco makes of it. Both
 * always are. A build for tests replaces this module, so as to try what holds where one fails.
 */
export const checks: { readonly names: boolean; readonly glue: boolean } = { names: true, glue: true };
