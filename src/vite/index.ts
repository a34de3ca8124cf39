export { type WasiNNPluginOptions, wasiNN, wasiNN as default } from './plugin.js';
