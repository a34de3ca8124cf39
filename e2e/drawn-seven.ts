/** Source for a page that draws a seven, black on white paper, on the canvas of `pen`. */
export const drawnSeven = `const paper = new OffscreenCanvas(28, 28);
const pen = paper.getContext('2d')!;
pen.fillStyle = 'white';
pen.fillRect(0, 0, 28, 28);
pen.lineWidth = 2.5;
pen.beginPath();
pen.moveTo(8, 6);
pen.lineTo(20, 6);
pen.lineTo(12, 23);
pen.stroke();`;
