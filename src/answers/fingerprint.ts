import type { TableStructure } from '../acpi/table-layout.js';
import type { Table } from '../acpi/tables.js';
import type { Finding } from '../check/check.js';
import { structureName } from '../diff/names.js';

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
function placeOf(table: Table | null, { offset }: Finding): string {
  const structures: readonly TableStructure[] = table?.structures ?? [];
  const structure = structures.findLast((one) => one.offset <= offset);
  return table === null || structure === undefined ? 'table' : structureName(table.kind, structure);
}

/**
 * Names for findings that stay the same while other parts of the table change: a digest of rule and structure,
 * and which of those that have both in common it is, from 1.
 *
 * @returns in the order of the findings
 */
export function fingerprintsOf(table: Table | null, findings: readonly Finding[]): string[] {
  const counts = new Map<string, number>();
  return findings.map((finding) => {
    const name = digest(`${finding.rule.id}\n${placeOf(table, finding)}`);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name}:${count}`;
  });
}
