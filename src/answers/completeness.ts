import { hex } from '../base/hex.js';
import type { Loss } from '../evidence/logs/log.js';
import type { Source, TableSource } from '../evidence/source.js';
import { wholePart } from '../evidence/whole-part.js';

/** What of a source is not there; null where it is whole. */
export const missingFrom = ({ completeness }: Source): readonly Loss[] | null =>
  completeness === 'whole' ? null : completeness.missing;

/** The bytes of a table for those who judge it: of one that is not all there, the part that is whole. */
export const bytesToJudge = (source: TableSource): Uint8Array =>
  missingFrom(source) === null ? source.bytes : wholePart(source.bytes);

/** Sentences about what of a source is not there; none where it is whole. */
export function lossNotes(source: Source): string[] {
  const missing = missingFrom(source);
  if (missing === null) return [];
  const [only] = missing;
  // A text that names no region may be all there; it just does not say what was asked.
  if (missing.length === 1 && only?.code === 'no-region-named') return [lossNote(only)];
  const what = source.kind === 'table' && source.form === 'binary' ? 'table' : 'text';
  return [
    `The ${what} is incomplete, so nothing is said here against the firmware.`,
    ...missing.map(lossNote),
  ];
}

function lossNote(loss: Loss): string {
  switch (loss.code) {
    case 'line-unreadable':
      return `Line ${loss.line} names a region or a device of one, but cannot be read: "${shortened(loss.text)}".`;
    case 'regions-missing':
      return `The log announces ${loss.announced} regions and shows ${loss.read}. Xen 4.9 and later print where a region is only when built with debug=y.`;
    case 'no-region-named':
      return 'This text names no region, and does not say that there is none. The table itself tells: /sys/firmware/acpi/tables/DMAR, or what acpidump prints.';
    case 'dump-cut':
      return `The dump of the table that begins in line ${loss.line} ends before its end.`;
    case 'table-cut':
      return `The table's header claims ${loss.claimed} bytes; only ${loss.present} are there.`;
    case 'gap':
      return `The bytes from offset ${hex(loss.first)} to ${hex(loss.last)} are not shown.`;
  }
}

/** Characters of a line that a note quotes. */
const MOST_QUOTED = 120;

const shortened = (text: string): string =>
  text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)} …` : text;
