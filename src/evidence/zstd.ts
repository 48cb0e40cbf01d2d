import { formatSize } from '../base/address.js';
import { OverLimit } from './limit.js';

/** Bytes of the window that a frame may ask for: what zstd -d takes without --long, and Node. */
const MAX_WINDOW = 2 ** 27;

/** A frame's magic number, and that of one which readers pass over, whose last digit is any (RFC 8878, 3.1). */
const MAGIC = { frame: 0xfd2fb528, skippable: 0x184d2a5 } as const;

/** Bits of a frame's header descriptor (3.1.1.1.1). */
const HAS = { checksum: 0x04, singleSegment: 0x20 } as const;
/** Bytes of the dictionary's id, and of the content's size, by the bits that say so. */
const ID_BYTES = [0, 1, 2, 4] as const;
const SIZE_BYTES = [0, 2, 4, 8] as const;

/** Types of blocks that differ in length from what they say (3.1.1.2.2). */
const BLOCK = { rle: 1, reserved: 3 } as const;

/**
 * Where the last frame of a zstd file ends, told by the headers of frames and blocks alone.
 *
 * @param limit most bytes that frames may say they hold
 * @throws OverLimit; an Error that says what is the matter where a frame is cut off or cannot be read here
 */
export function endOfZstd(bytes: Uint8Array, limit: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 4 <= bytes.length) {
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === MAGIC.skippable) at += 8 + uint(view, at + 4, 4);
    else if (magic === MAGIC.frame) at = endOfFrame(view, at, limit);
    else break;
  }
  if (at > bytes.length) throw cutOff();
  return at;
}

const cutOff = (): Error => new Error('it is cut off');

/** A number of some bytes, none of which may be missing. */
function uint(view: DataView, at: number, bytes: number): number {
  if (at + bytes > view.byteLength) throw cutOff();
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = 256 * value + view.getUint8(at + i);
  return value;
}

function endOfFrame(view: DataView, start: number, limit: number): number {
  let at = start + 4;
  const descriptor = uint(view, at++, 1);
  const single = (descriptor & HAS.singleSegment) !== 0;
  let window = single ? 0 : windowOf(uint(view, at++, 1));
  const idBytes = ID_BYTES[descriptor & 3] as number;
  if (uint(view, at, idBytes) !== 0) {
    throw new Error('it was made with a dictionary; unpack it with zstd -d -D first');
  }
  at += idBytes;
  const sizeBytes = SIZE_BYTES[descriptor >> 6] || (single ? 1 : 0);
  const size = uint(view, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  at += sizeBytes;
  if (size > limit) throw new OverLimit();
  if (single) window = size;
  if (window > MAX_WINDOW) {
    throw new Error(
      `its window is ${formatSize(BigInt(window))}, larger than the ${formatSize(BigInt(MAX_WINDOW))} that there is room for here; unpack it with zstd -d --long=31 first`,
    );
  }
  for (let last = false; !last; ) {
    const header = uint(view, at, 3);
    const type = (header >> 1) & 3;
    if (type === BLOCK.reserved) throw new Error(`it is damaged at byte ${at}`);
    at += 3 + (type === BLOCK.rle ? 1 : header >> 3);
    last = (header & 1) === 1;
  }
  return at + (descriptor & HAS.checksum ? 4 : 0);
}

/** Bytes of a window by its descriptor (3.1.1.1.2). */
const windowOf = (descriptor: number): number =>
  2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);
