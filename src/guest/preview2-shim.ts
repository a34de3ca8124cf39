/**
 * What guests are given of jco's implementation of WASI preview 2. It stands in a module of its own, which the build bundles
 * with the files for browsers: a bundler that also builds for a server, such as Next.js with webpack, takes those for Node
 * otherwise, which lack these functions.
 */
export { createCli } from '@bytecodealliance/preview2-shim/cli';
export { monotonicClock, wallClock } from '@bytecodealliance/preview2-shim/clocks';
export { inputStreamCreate, outputStreamCreate, poll, streams } from '@bytecodealliance/preview2-shim/io';
export { insecure, insecureSeed, random } from '@bytecodealliance/preview2-shim/random';
