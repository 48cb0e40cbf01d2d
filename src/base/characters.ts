/** So many bytes from an offset on as one character each; fewer where the bytes end before. */
export function textAt(bytes: Uint8Array, offset: number, length: number): string {
  const end = Math.min(offset + length, bytes.length);
  let text = '';
  for (let at = offset; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

/** Whether bytes have others from an offset on. */
export function hasBytesAt(bytes: Uint8Array, offset: number, wanted: readonly number[]): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[offset + i] !== wanted[i]) return false;
  return true;
}
