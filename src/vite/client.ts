/** The types of guests that are imported with a query. To be named in the `types` of a page's tsconfig.json. */
declare module '*.wasm?guest' {
  const guest: import('./types.js').UntypedGuestModule;
  export default guest;
}
