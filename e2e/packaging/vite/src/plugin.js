import { createWasiNN } from 'wasi-nn-web';
import library from './classify.component.wasm';
import { classify } from './classify.js';
import program from './example-witx-0-6.wasm?guest';

classify(createWasiNN, undefined, {
  instantiate: (nn) => library.instantiate(nn),
  run: (nn, environment) => program.run(nn, environment),
});
