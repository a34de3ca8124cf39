import { prepareChromium } from './chromium.js';

export default prepareChromium;
