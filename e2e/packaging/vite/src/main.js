import { createWasiNN } from 'wasi-nn-web';
import { classify } from './classify.js';

classify(createWasiNN);
