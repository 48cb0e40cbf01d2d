import type { Table } from '../acpi/tables.js';
import { requireObject } from '../base/arguments.js';
import type { Finding } from '../check/check.js';
import type { Dmi, Host } from '../machine/host.js';
import { findingsIn } from './check.js';
import { type Evidence, requireEvidence } from './evidence.js';
import { XEN_OPTIONS, type XenOptions } from './hypervisor.js';
import { decoded, type MapAnswer, mapOf } from './map.js';

/** What is to say of one table among many: its map, and what is wrong with it. */
export interface ScanAnswer {
  readonly map: MapAnswer;
  /** null for a kernel's log, and where not even the header could be decoded. */
  readonly table: Table | null;
  readonly findings: readonly Finding[];
  /** What the machine says of itself; null where nothing is known of it, as beside a bare table. */
  readonly host: ScannedHost | null;
}

/** Whose machine it is, and what runs on it; what is not known is null. */
export type ScannedHost = Dmi & Pick<Host, 'linux' | 'xen'>;

/**
 * A table's map, and what is wrong with it.
 *
 * @throws Failure `unknown-release`
 */
export function answerScan(evidence: Evidence, options: XenOptions = {}): ScanAnswer {
  requireEvidence(evidence);
  requireObject(options, 'options', XEN_OPTIONS);
  const { source, host } = evidence;
  const known = decoded(source);
  return {
    map: mapOf(evidence, { ...options, memory: false }, known),
    table: known.table,
    host: hostIn(host),
    findings: source.kind === 'table' ? findingsIn(source, host, known) : [],
  };
}

function hostIn(host: Host | null): ScannedHost | null {
  if (host === null) return null;
  const { vendor = null, product = null, firmware = null } = host.dmi ?? {};
  return { vendor, product, firmware, linux: host.linux, xen: host.xen };
}
