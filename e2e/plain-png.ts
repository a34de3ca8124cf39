import { crc32, deflateSync } from 'node:zlib';

/** Makes a PNG of one colour. @param colour red, green and blue, up to 255 */
export function plainPng(side: number, colour: readonly [number, number, number]): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // 8 bits for each of red, green and blue.
  header.set([8, 2], 8);
  // Each row begins with its filter: none.
  const row = [0, ...Array<readonly number[]>(side).fill(colour).flat()];
  const rows = Buffer.from(Array<readonly number[]>(side).fill(row).flat());
  const signature = Buffer.from([0x89, ...Buffer.from('PNG\r\n\x1a\n')]);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat([signature, ...chunks]));
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.byteLength);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, checksum]);
}
