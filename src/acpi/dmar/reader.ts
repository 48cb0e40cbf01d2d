import { sbdfKey } from '../../base/sbdf.js';
import type { Diagnostic } from '../diagnostic.js';
import { Reader } from '../layout.js';
import { type DeviceScope, deviceScope, SCOPE_ENDPOINT } from './device-scope.js';
import { Endpoints } from './endpoints.js';

/** Fixed part of a device scope entry in bytes. */
const SCOPE_FIXED = 6;
/** Shortest device scope entry the specification allows: one hop. */
const SCOPE_SHORTEST = 8;

/** Bytes of a table from which looking for scopes to share is worth the while. */
const MANY_REGIONS = 0x8_0000;

/** A {@link Reader} that also knows device scopes and collects what was odd about them. */
export class DmarReader extends Reader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #endpoints: Endpoints | null;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#endpoints = bytes.length < MANY_REGIONS ? null : new Endpoints();
  }

  /**
   * Device scope entries up to the end of the structure. Stops before an entry that cannot be one
   * (shorter than its fixed part, or running past the structure); its bytes are left to `rest`.
   */
  scopes(): readonly DeviceScope[] {
    const count = this.#countScopes(this.end);
    const endpoints = count === 1 ? this.#endpoints : null;
    const key = endpoints && this.#endpointKey();
    if (endpoints === null || key === null) return this.#decodeScopes(count);
    const known = endpoints.get(key);
    if (known !== undefined) {
      this.pos += SCOPE_SHORTEST;
      return known;
    }
    const scopes = this.#decodeScopes(1);
    endpoints.add(key, scopes);
    return scopes;
  }

  #decodeScopes(count: number): DeviceScope[] {
    const structureEnd = this.end;
    const scopes = new Array<DeviceScope>(count);
    for (let i = 0; i < count; i++) {
      this.end = this.pos + (this.bytes[this.pos + 1] as number);
      scopes[i] = deviceScope.decode(this);
    }
    this.end = structureEnd;
    return scopes;
  }

  /** @returns the key under which {@link Endpoints} has the next entry; null for one it has no room for */
  #endpointKey(): number | null {
    const { bytes, pos } = this;
    // The four bytes are length, flags, reserved and enumeration ID.
    const isPlain =
      bytes[pos] === SCOPE_ENDPOINT && this.view.getUint32(pos + 1, true) === SCOPE_SHORTEST;
    const device = bytes[pos + SCOPE_FIXED] as number;
    const func = bytes[pos + SCOPE_FIXED + 1] as number;
    if (!isPlain || device > 31 || func > 7) return null;
    return sbdfKey(0, bytes[pos + SCOPE_FIXED - 1] as number, device, func);
  }

  /** How many entries can be told apart before the end of the structure; complains of what is odd. */
  #countScopes(structureEnd: number): number {
    const { bytes } = this;
    let at = this.pos;
    let count = 0;
    for (; at + SCOPE_FIXED <= structureEnd; count++) {
      const length = bytes[at + 1] as number;
      const overruns = at + length > structureEnd;
      if (length < SCOPE_SHORTEST || length % 2 === 1 || overruns) {
        this.#complain(at, length, structureEnd);
        if (length < SCOPE_FIXED || overruns) return count;
      }
      at += length;
    }
    if (at < structureEnd) this.#complainOfTail(at, structureEnd - at);
    return count;
  }

  #complainOfTail(offset: number, length: number): void {
    this.diagnostics.push({
      code: 'scope-header-truncated',
      severity: 'error',
      offset,
      length,
      message: `The last ${length} bytes of the structure, at offset ${offset}, are too few for a device scope entry.`,
    });
  }

  #complain(start: number, length: number, structureEnd: number): void {
    const offset = start + 1;
    const add = (code: string, severity: Diagnostic['severity'], message: string) =>
      this.diagnostics.push({ code, severity, offset, length: 1, message });
    const entry = `The device scope entry at offset ${start}`;
    if (length < SCOPE_SHORTEST) {
      add(
        'scope-length-short',
        'error',
        `${entry} claims a length of ${length} bytes; the shortest one, with a single hop, has ${SCOPE_SHORTEST}.`,
      );
    } else if (start + length > structureEnd) {
      add(
        'scope-length-overrun',
        'error',
        `${entry} claims a length of ${length} bytes, but its structure ends after ${structureEnd - start}.`,
      );
    } else {
      add(
        'scope-length-odd',
        'error',
        `${entry} has an odd length of ${length} bytes, so its path ends in half a hop.`,
      );
    }
  }
}
