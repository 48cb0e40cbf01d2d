import { joinBytes } from '../base/bytes.js';
import { compressionOf, type Inflated, wholly } from './compression.js';
import { OverLimit } from './limit.js';

/** Bits of a gzip member's flags, and bytes of its fixed header and of its trailer (RFC 1952, 2.3). */
const GZIP = { crc: 2, extra: 4, name: 8, comment: 16, header: 10, trailer: 8 } as const;

/** Members of a file in which the end of the last is looked for; who packs in blocks makes thousands. */
const MOST_MEMBERS = 10_000;

/** What a place brings to gunzip with: neither Node nor a browser says where gzip's data end. */
export interface GzipTools {
  /** The bytes that gzip's make; a browser takes one member alone. Throws OverLimit, or any other Error. */
  readonly unpack: (bytes: Uint8Array, limit: number) => Uint8Array | Promise<Uint8Array>;
  /** How many of the bytes are DEFLATE data; throws as `unpack`. */
  readonly rawLength: (bytes: Uint8Array, limit: number) => number | Promise<number>;
}

/**
 * Decompresses gzip, also in several members, and where something else stands behind it.
 *
 * @param limit most bytes to make
 * @throws OverLimit; any other Error where a member is damaged or cut off
 */
export async function gunzipWith(
  { unpack, rawLength }: GzipTools,
  bytes: Uint8Array,
  limit: number,
): Promise<Inflated> {
  try {
    return wholly(await unpack(bytes, limit));
  } catch (error) {
    if (error instanceof OverLimit) throw error;
    const ends = await endsOfMembers(bytes, (data) => rawLength(data, limit));
    const end = ends?.at(-1) ?? bytes.length;
    // One member, and nothing behind it: there is no other way to read it.
    if (ends === null || (ends.length < 2 && end === bytes.length)) throw error;
    const parts: Uint8Array[] = [];
    let made = 0;
    for (const [i, to] of ends.entries()) {
      const part = await unpack(bytes.subarray(ends[i - 1] ?? 0, to), limit);
      made += part.length;
      if (made > limit) throw new OverLimit();
      parts.push(part);
    }
    return { bytes: joinBytes(parts), trailing: bytes.length - end };
  }
}

/**
 * Where each member of gzip's ends, up to the end or to something that is none.
 *
 * @returns null where a member is damaged or cut off
 */
async function endsOfMembers(
  bytes: Uint8Array,
  rawLength: (data: Uint8Array) => number | Promise<number>,
): Promise<number[] | null> {
  const ends: number[] = [];
  for (let at = 0; compressionOf(bytes.subarray(at)) === 'gzip'; at = ends.at(-1) as number) {
    const flags = bytes[at + 3] ?? 0;
    let data = at + GZIP.header;
    if (flags & GZIP.extra) data += 2 + (bytes[data] ?? 0) + 256 * (bytes[data + 1] ?? 0);
    for (const text of [GZIP.name, GZIP.comment]) {
      if ((flags & text) === 0) continue;
      const end = bytes.indexOf(0, data);
      if (end === -1) return null;
      data = end + 1;
    }
    if (flags & GZIP.crc) data += 2;
    try {
      ends.push(data + (await rawLength(bytes.subarray(data))) + GZIP.trailer);
    } catch {
      return null;
    }
    if ((ends.at(-1) as number) > bytes.length || ends.length > MOST_MEMBERS) return null;
  }
  return ends;
}
