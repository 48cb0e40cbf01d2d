import { hex } from '../base/hex.js';
import { keyOf, type Sbdf } from '../base/sbdf.js';
import type { Log, Sighting } from '../evidence/logs/log.js';
import type { LinuxVerdict } from '../linux/judge.js';
import type { XenVerdict } from '../xen/assign-verdict.js';

/** Lines that an answer must not contradict unsaid: what they say is repeated with it, once each. */
const WORTH_SAYING: ReadonlySet<string> = new Set([
  'table',
  'table-ivrs',
  'table-replaced',
  'table-refused',
  'unit-dead',
  'bad-rmrr-uncovered',
  'bad-rmrr',
  'rmrr-backwards',
  'rmrr-too-wide',
  'iommu-on',
  'iommu-off',
  'iommu-asked-for',
  'iommu-declined',
  'relaxed-all',
  'unknown-option',
  'graphics-off',
  'refused-rmrr',
  'refused-direct',
  'no-interrupt-remapping',
  'xen-shared',
  'xen-unmappable',
  'rmrr-not-reserved',
  'rmrr-not-reserved-pages',
  'rmrr-not-convertible',
  'rmrr-incorrect',
  'rmrr-overlap',
  'rmrr-device-absent',
  'rmrr-ignored',
  'amd-off',
  'container-refused',
  'iommufd-refused',
]);

/** What a log's own lines say of what is asked, each kind once. */
export function testimonyNotes({ sightings }: Log): string[] {
  const said = new Set<string>();
  return sightings.flatMap((sighting) => {
    const { code } = sighting.line;
    const key = `${code} ${sighting.device === null ? '' : keyOf(sighting.device)} ${sighting.base}`;
    if (!WORTH_SAYING.has(code) || said.has(key)) return [];
    said.add(key);
    return [`Line ${sighting.number}: ${meaningOf(sighting)}`];
  });
}

function meaningOf({ line, values, base, limit, address }: Sighting): string {
  if (line.code === 'table' || line.code === 'table-ivrs') {
    const length = Number.parseInt(values.length ?? '0', 16);
    const which = line.code === 'table' ? 'a DMAR' : 'an IVRS';
    return `The firmware has ${which} table of ${length} bytes.`;
  }
  const where =
    base === null
      ? ''
      : limit === null
        ? ` (the region at ${hex(base)})`
        : ` (${hex(base)}-${hex(limit)})`;
  const of = values.device === undefined ? '' : ` (${values.device})`;
  return `${line.meaning.replace(/\.$/, '')}${of}${where || (address === null ? '' : ` (${hex(address)})`)}.`;
}

/** Lines that tell of a device that it was refused, and who refused it. */
const REFUSALS: ReadonlyMap<string, 'linux' | 'xen'> = new Map([
  ['refused-rmrr', 'linux'],
  ['refused-direct', 'linux'],
  ['xen-shared', 'xen'],
]);

/** Of each device that a log shows refused, the last line that says so, by {@link keyOf}. */
export interface Refusals {
  readonly linux: ReadonlyMap<number, Sighting>;
  readonly xen: ReadonlyMap<number, Sighting>;
  /** The devices, in the order of the lines. */
  readonly devices: readonly Sbdf[];
}

/** The devices that a log shows refused. */
export function refusalsIn(log: Log | null): Refusals {
  const refusals = { linux: new Map<number, Sighting>(), xen: new Map<number, Sighting>() };
  const devices: Sbdf[] = [];
  for (const sighting of log?.sightings ?? []) {
    const judge = REFUSALS.get(sighting.line.code);
    if (judge === undefined || sighting.device === null) continue;
    refusals[judge].set(keyOf(sighting.device), sighting);
    devices.push(sighting.device);
  }
  return { ...refusals, devices };
}

const LOOK_UP =
  'The regions of its group are in /sys/kernel/iommu_groups/*/reserved_regions; "direct" is one that binds.';

/** Linux's verdict on a device where a log shows that it was refused; else the one that was come to. */
export function withLinuxTestimony(
  verdict: LinuxVerdict,
  { linux }: Refusals,
  address: Sbdf,
): LinuxVerdict {
  const refusal = linux.get(keyOf(address));
  if (refusal === undefined || verdict.verdict === 'blocked') return verdict;
  return {
    ...verdict,
    verdict: 'blocked',
    reason: 'binding',
    message: `Line ${refusal.number} of the log: ${refusal.line.meaning}`,
    log: refusal.text,
    step: null,
    errno: null,
    remedy: LOOK_UP,
  };
}

/** Xen's verdict on a device where a log shows that it was refused; else the one that was come to. */
export function withXenTestimony(
  verdict: XenVerdict,
  { xen }: Refusals,
  address: Sbdf,
): XenVerdict {
  const refusal = xen.get(keyOf(address));
  if (refusal === undefined || !/^(ok|unknown)$/.test(verdict.verdict)) return verdict;
  const at = refusal.base === null ? '' : ` The region is at ${hex(refusal.base)}.`;
  return {
    ...verdict,
    verdict: 'needs relaxed',
    reason: 'shared-region',
    strict: 'blocked',
    message: `Line ${refusal.number} of the log: ${refusal.line.meaning}${at}`,
    remedy:
      'Give rdm_policy=relaxed with the device, which lets the guest use memory that the firmware may write to; or give all devices of that region to one guest.',
  };
}
