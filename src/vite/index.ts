export { type WasiNNPluginOptions, wasiNN } from './plugin.js';
