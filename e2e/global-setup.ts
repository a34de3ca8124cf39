import { unpackChromium } from './chromium.js';

export default unpackChromium;
