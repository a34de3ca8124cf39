/** jco's transpiler. In the package this is a bundle of it that imports nothing of Node (`scripts/bundle-dependencies.mjs`). */
export * from '@bytecodealliance/jco-transpile/component';
