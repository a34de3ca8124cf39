export { readPyTorch } from './program.js';
export type { PyTorchProgram } from './pytorch-program.js';
