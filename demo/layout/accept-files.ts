/**
 * Takes files that are chosen, or dropped anywhere on the page.
 *
 * @param dropZone says, by its attribute `data-dragging`, that a dragged file may be dropped
 */
export function acceptFiles(
  input: HTMLInputElement,
  dropZone: HTMLElement,
  onFiles: (files: readonly File[]) => void,
): void {
  const accept = (files: FileList | undefined | null) => {
    if (files && files.length > 0) onFiles([...files]);
  };

  input.addEventListener('change', () => {
    accept(input.files);
    // So that choosing the same file again is a change too.
    input.value = '';
  });
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    dropZone.toggleAttribute('data-dragging', true);
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    const leftPage = relatedTarget === null;
    if (leftPage) dropZone.removeAttribute('data-dragging');
  });
  document.addEventListener('drop', (event) => {
    dropZone.removeAttribute('data-dragging');
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    accept(event.dataTransfer.files);
  });
}
