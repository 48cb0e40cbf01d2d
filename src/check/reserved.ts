import type { Field } from '../acpi/layout.js';
import { hex } from '../base/hex.js';
import type { Remark } from './rule.js';
import { aboutField } from './wording.js';

/**
 * Finds bits that the specification reserves and the table sets, by what the layout declares: fields
 * called `reserved`, and bits of a flags byte that have no name.
 *
 * @param fields the layout's fields
 * @param value what was decoded with it
 * @param where the value's place in the table
 * @param subject what the sentence begins with, e.g. `The RMRR at offset 96`
 */
export function* reservedBits(
  fields: readonly Field[],
  value: object,
  where: { offset: number },
  subject: string,
): Generator<Remark> {
  for (const { name, kind, offset, width, named } of fields) {
    const content = (value as Record<string, unknown>)[name];
    const at = where.offset + offset;
    if (name.startsWith('reserved') && isSet(content)) {
      const bytes = `${width} ${width === 1 ? 'byte' : 'bytes'} at offset ${at}`;
      yield aboutField(where, offset, width, `${subject} sets reserved bits in the ${bytes}.`);
    } else if (kind === 'flags' && named !== undefined) {
      const extra = BigInt(content as number) & ~named;
      if (extra === 0n) continue;
      const message = `${subject} sets the reserved bits ${hex(extra)} of its flags at offset ${at}.`;
      yield aboutField(where, offset, width, message);
    }
  }
}

const isSet = (content: unknown): boolean =>
  content instanceof Uint8Array ? content.some((byte) => byte !== 0) : content !== 0;
