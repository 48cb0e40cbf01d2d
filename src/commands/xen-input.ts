import type { Host } from '../host/host.js';
import type { LogSource } from '../sources/source.js';
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
  const { tableOfRegions, withoutTable } = await import('../xen/logged-regions.js');
  const { regions } = source;
  return {
    bytes: tableOfRegions(regions),
    // What is known of a machine cannot be brought together with regions whose devices are not known.
    host: null,
    notes: [explainLog(source), ...source.notes],
    clean: (result) => withoutTable(result, regions),
  };
}

function explainLog({ kind, regions }: LogSource): string {
  const whose = kind === 'linux-log' ? 'Linux' : 'Xen';
  const devices = regions.every((region) => region.devices !== null)
    ? ''
    : ' Devices that it does not name are taken as present.';
  return `This is a log of ${whose}, not the table: the regions it tells of are all that is known.${devices}`;
}
