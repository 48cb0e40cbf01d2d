import type { TableStructure } from '../acpi/table-layout.js';
import type { Table } from '../acpi/tables.js';
import { indexOfFirst } from '../base/search.js';
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

/** What findings are about: the structure by what it says, wherever it stands; else the table. */
function placesIn(table: Table | null): (finding: Finding) => string {
  if (table === null) return () => 'table';
  const structures: readonly TableStructure[] = table.structures;
  // The name of a structure is as long as its scope, and there may be a finding for each device in that.
  const names = new Map<TableStructure, string>();
  return ({ offset }) => {
    const next = indexOfFirst(structures, (structure) => structure.offset > offset);
    const structure = structures[next - 1];
    if (structure === undefined) return 'table';
    const name = names.get(structure) ?? structureName(table.kind, structure);
    names.set(structure, name);
    return name;
  };
}

/**
 * Names for findings that stay the same while other parts of the table change: a digest of rule and structure,
 * and which of those that have both in common it is, from 1.
 *
 * @returns in the order of the findings
 */
export function fingerprintsOf(table: Table | null, findings: readonly Finding[]): string[] {
  const counts = new Map<string, number>();
  const placeOf = placesIn(table);
  return findings.map((finding) => {
    const name = digest(`${finding.rule.id}\n${placeOf(finding)}`);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name}:${count}`;
  });
}
