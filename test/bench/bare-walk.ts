/**
 * Reads every field of every DRHD, RMRR and device scope of a table with a DataView and nothing more: what
 * decoding could cost at least. Keeps nothing; the sum is there so that no read can be left out.
 */
export function bareWalk(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  let wide = 0n;
  for (let i = 0; i < bytes.length; i++) sum += view.getUint8(i);
  for (let at = 48; at + 4 <= bytes.length; ) {
    const type = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    if (length < 4) break;
    const isRmrr = type === 1;
    sum += type + length;
    if (isRmrr) {
      sum += view.getUint16(at + 4, true) + view.getUint16(at + 6, true);
      wide += view.getBigUint64(at + 8, true) + view.getBigUint64(at + 16, true);
    } else if (type === 0) {
      sum += view.getUint8(at + 4) + view.getUint8(at + 5) + view.getUint16(at + 6, true);
      wide += view.getBigUint64(at + 8, true);
    }
    const end = Math.min(at + length, bytes.length);
    for (let scope = at + (isRmrr ? 24 : 16); scope + 6 <= end; ) {
      const scopeLength = view.getUint8(scope + 1);
      if (scopeLength < 6) break;
      for (let i = 0; i < scopeLength && scope + i < end; i++) sum += view.getUint8(scope + i);
      scope += scopeLength;
    }
    at += length;
  }
  return wide + BigInt(sum);
}
