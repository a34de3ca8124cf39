import { elementById } from '../layout/element.js';

/** Takes pictures with the camera, in a dialog. The camera is off while the dialog is closed. */
export function offerCamera(onPicture: (picture: File) => void): void {
  const button = elementById('camera', HTMLButtonElement);
  const dialog = elementById('camera-dialog', HTMLDialogElement);
  const view = elementById('camera-view', HTMLVideoElement);
  const message = elementById('camera-message', HTMLElement);
  const take = elementById('camera-take', HTMLButtonElement);
  if (!navigator.mediaDevices) return;
  button.hidden = false;

  function turnOff(): void {
    for (const track of streamOf(view)?.getTracks() ?? []) track.stop();
    view.srcObject = null;
    take.disabled = true;
  }

  async function turnOn(): Promise<void> {
    message.textContent = 'The browser asks whether this page may use the camera…';
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      view.srcObject = stream;
      // The visitor may have closed the dialog while the browser was asking.
      if (!dialog.open) return turnOff();
      await view.play();
      message.textContent = '';
      take.disabled = false;
    } catch (cause) {
      message.textContent = `The camera cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`;
    }
  }

  button.addEventListener('click', () => {
    dialog.showModal();
    void turnOn();
  });
  dialog.addEventListener('close', turnOff);
  elementById('camera-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  take.addEventListener('click', async () => {
    const picture = await pictureOf(view);
    dialog.close();
    if (picture) onPicture(picture);
  });
}

function streamOf(view: HTMLVideoElement): MediaStream | undefined {
  return view.srcObject instanceof MediaStream ? view.srcObject : undefined;
}

async function pictureOf(view: HTMLVideoElement): Promise<File | undefined> {
  const canvas = new OffscreenCanvas(view.videoWidth, view.videoHeight);
  canvas.getContext('2d')?.drawImage(view, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  return new File([blob], 'picture.png', { type: blob.type });
}
