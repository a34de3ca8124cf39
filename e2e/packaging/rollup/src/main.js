import { createWasiNN } from 'wasi-nn-web/standalone';
import { classify } from './classify.js';

classify(createWasiNN, { assets: '/wasi-nn-web/' });
