import type { Diagnostic } from '../diagnostic.js';
import { Reader } from '../layout.js';
import { type DeviceScope, deviceScope } from './device-scope.js';

/** Fixed part of a device scope entry in bytes. */
const SCOPE_FIXED = 6;
/** Shortest device scope entry the specification allows: one hop. */
const SCOPE_SHORTEST = 8;

/** A {@link Reader} that also knows device scopes and collects what was odd about them. */
export class DmarReader extends Reader {
  readonly diagnostics: Diagnostic[] = [];

  /**
   * Device scope entries up to the end of the structure. Stops before an entry that cannot be one
   * (shorter than its fixed part, or running past the structure); its bytes are left to `rest`.
   */
  scopes(): DeviceScope[] {
    const { end } = this;
    const scopes: DeviceScope[] = [];
    while (this.pos + SCOPE_FIXED <= end) {
      const length = this.bytes[this.pos + 1] as number;
      const overruns = this.pos + length > end;
      if (length < SCOPE_SHORTEST || length % 2 === 1 || overruns) {
        this.#complain(this.pos, length, end);
        if (length < SCOPE_FIXED || overruns) return scopes;
      }
      scopes.push(this.#scope(length));
    }
    if (this.pos < end) this.#complainOfTail(this.pos, end - this.pos);
    return scopes;
  }

  /** The entry of so many bytes at the reader's position, and the reader as it was but after it. */
  #scope(length: number): DeviceScope {
    const { start, end } = this;
    this.start = this.pos;
    this.end = this.pos + length;
    const scope = deviceScope.decode(this);
    this.start = start;
    this.end = end;
    return scope;
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
