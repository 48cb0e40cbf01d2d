import type { TableStructure } from '../../acpi/table-layout.js';
import type { CheckAnswer } from '../../answers/check.js';
import type { Finding } from '../../check/check.js';
import { DIFF_FORMS } from '../../diff/forms.js';

const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** FNV-1a of a text's UTF-16 units, 64 bits in hex: it tells texts apart, and keeps no secrets. */
function digest(text: string): string {
  let hash = OFFSET_BASIS;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}

/** What a finding is about: the structure by what it says, wherever it stands; else the table. */
function placeOf({ table }: CheckAnswer, { offset }: Finding): string {
  const structures: readonly TableStructure[] = table?.structures ?? [];
  const structure = structures.findLast((one) => one.offset <= offset);
  return table === null || structure === undefined
    ? 'table'
    : DIFF_FORMS[table.kind].nameOf(structure);
}

/**
 * Names for the findings of an answer that stay the same while other parts of the table change: a digest of
 * rule and structure, and which of those that have both in common it is, from 1.
 */
export function fingerprintsOf(answer: CheckAnswer): string[] {
  const counts = new Map<string, number>();
  return answer.result.findings.map((finding) => {
    const name = digest(`${finding.rule.id}\n${placeOf(answer, finding)}`);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name}:${count}`;
  });
}
