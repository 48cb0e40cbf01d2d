import type { Layout } from '../acpi/layout.js';
import { hex } from '../base/hex.js';
import type { Remark } from './rule.js';
import { aboutField } from './wording.js';

const NOTHING: readonly Remark[] = [];

/**
 * Finds bits that the specification reserves and the table sets, by what the layout declares.
 *
 * @param layout what the value was read with
 * @param value what was decoded with it
 * @param where the value's place in the table
 * @param subject what the sentence begins with, e.g. `The RMRR at offset 96`; asked for where something is found
 */
export function reservedBits(
  { reserved }: Pick<Layout<object>, 'reserved'>,
  value: object,
  where: { offset: number },
  subject: () => string,
): readonly Remark[] {
  let remarks = NOTHING;
  for (const { name, offset, width, unnamed } of reserved) {
    const content = (value as Record<string, unknown>)[name];
    const extra = unnamed === undefined ? isSet(content) : masked(content, unnamed);
    if (!extra) continue;
    const at = where.offset + offset;
    const bytes = `${width} ${width === 1 ? 'byte' : 'bytes'} at offset ${at}`;
    const what =
      extra === true
        ? `reserved bits in the ${bytes}`
        : `the reserved bits ${hex(extra)} of its flags at offset ${at}`;
    remarks = [...remarks, aboutField(where, offset, width, `${subject()} sets ${what}.`)];
  }
  return remarks;
}

const isSet = (content: unknown): boolean =>
  content instanceof Uint8Array
    ? content.some((byte) => byte !== 0)
    : content !== 0 && content !== 0n;

/** The bits of a field that a mask has as well. */
const masked = (content: unknown, mask: number | bigint): number | bigint =>
  typeof mask === 'bigint' ? (content as bigint) & mask : ((content as number) & mask) >>> 0;
