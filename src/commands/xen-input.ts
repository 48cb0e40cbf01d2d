import { EXIT, Failure } from '../base/failure.js';
import { type LogSource, type Source, sourceName } from '../evidence/source.js';
import type { Host } from '../machine/host.js';
import type { RdmMapResult } from '../xen/rdm-map.js';
import type { SourceInput } from './each-source.js';

/** What the modelled hypervisor is given for a source, and what its answers go through. */
export interface XenInput {
  readonly bytes: Uint8Array;
  readonly host: Host | null;
  readonly notes: readonly string[];
  /** Takes out of an answer what the source did not tell. */
  readonly clean: (result: RdmMapResult) => RdmMapResult;
}

/** The table; or one that stands for the regions that a kernel's log tells of. */
export async function xenInputOf({ source, host }: SourceInput): Promise<XenInput> {
  if (source.kind === 'table') {
    return { bytes: source.bytes, host, notes: source.notes, clean: (result) => result };
  }
  const { tableOfRegions, withoutTable } = await import('../xen/vtd/logged-regions.js');
  const { regions } = source;
  return {
    bytes: tableOfRegions(regions),
    // What is known of a machine cannot be brought together with regions whose devices are not known.
    host: null,
    notes: [explainLog(source), ...source.notes],
    clean: (result) => withoutTable(result, regions),
  };
}

/**
 * Makes sure that it is known which device uses which region.
 *
 * @throws Failure where a log does not say
 */
export function requireDevices(source: Source): void {
  if (source.kind === 'table' || source.regions.every(({ devices }) => devices !== null)) return;
  throw new Failure(
    'devices-unknown',
    `${sourceName(source.path)} is a log that does not say which device uses which region, so nothing can be said of one device.`,
    'Without a device, all regions of the log are taken.',
    EXIT.usage,
  );
}

function explainLog({ kind, regions }: LogSource): string {
  const whose = kind === 'linux-log' ? 'Linux' : 'Xen';
  const devices = regions.every((region) => region.devices !== null)
    ? ''
    : ' Devices that it does not name are taken as present.';
  return `This is a log of ${whose}, not the table: the regions it tells of are all that is known.${devices}`;
}
