export { type PyTorchProgram, readPyTorch } from './program.js';
