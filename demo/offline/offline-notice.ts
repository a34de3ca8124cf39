import { elementById } from '../layout/element.js';

const words =
  'There is no network. Digits and text work with what is on this device. Models that are not on it cannot be downloaded now.';

/** Says on every page that there is no network, for as long as there is none. */
export function showOfflineNotice(): void {
  const notice = elementById('offline-notice', HTMLElement);
  const show = () => {
    notice.textContent = navigator.onLine ? '' : words;
  };
  addEventListener('online', show);
  addEventListener('offline', show);
  show();
}
