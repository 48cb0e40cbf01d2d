import { keyOf, parseSbdf, type Sbdf } from '../base/sbdf.js';
import type { Host, IommuGroup, PciDetails } from '../machine/host.js';
import { CONFIG, type PciFunction } from '../machine/pci-topology.js';
import type { RegionUse, RegionUses } from './region.js';

/** A PCI function about to be judged. */
export interface Candidate {
  readonly address: Sbdf;
  /** 24 bits: base class, subclass, programming interface; null where the machine is unknown. */
  readonly classCode: number | null;
  readonly vendorId: number | null;
  readonly deviceId: number | null;
  readonly driver: string | null;
  /** The function that this one is a virtual function of. */
  readonly physicalFunction: Sbdf | null;
  /** null where the host tells of no group that holds it. */
  readonly group: IommuGroup | null;
  /** Whether anything is known of its machine, so that it is there. */
  readonly known: boolean;
  /** Whether it is a bridge, which no guest can be given; false where that is not known. */
  readonly bridge: boolean;
  /** Regions that touch it, by its own address. */
  readonly uses: readonly RegionUse[];
}

/**
 * The functions of a machine in the order of their addresses; where the machine is unknown, those that the
 * table names.
 *
 * @param asked functions that may be on a machine of which nothing is known, although nothing names them
 */
export function candidatesOf(
  host: Host | null,
  regions: RegionUses,
  asked: readonly Sbdf[] = [],
): Candidate[] {
  const groups = groupsByDevice(host);
  const groupOf = (address: Sbdf) => groups.get(keyOf(address)) ?? null;
  const pci = host?.pci ?? null;
  const known = Array.from(pci?.functions() ?? [], (fn) => {
    const details = (host as Host).pciDetails(fn);
    return knownCandidate(fn, details, groupOf(fn), pci?.isBridge(fn) ?? false, regions);
  });
  const there = new Set(known.map(({ address }) => keyOf(address)));
  const others = pci === null || pci.partial ? distinct([...regions.named(), ...asked]) : [];
  const unknown = others
    .filter((address) => !there.has(keyOf(address)))
    .map((address) => unknownCandidate(address, groupOf(address), regions));
  return [...known, ...unknown].sort((a, b) => keyOf(a.address) - keyOf(b.address));
}

const distinct = (addresses: readonly Sbdf[]): Sbdf[] => [
  ...new Map(addresses.map((address) => [keyOf(address), address])).values(),
];

const unknownCandidate = (
  address: Sbdf,
  group: IommuGroup | null,
  regions: RegionUses,
): Candidate => ({
  address,
  classCode: null,
  vendorId: null,
  deviceId: null,
  driver: null,
  physicalFunction: null,
  group,
  known: false,
  bridge: false,
  uses: regions.touching(address),
});

const NOTHING_READ = { classCode: null, vendorId: null, deviceId: null };

function knownCandidate(
  fn: PciFunction,
  details: PciDetails,
  group: IommuGroup | null,
  bridge: boolean,
  regions: RegionUses,
): Candidate {
  const { segment, bus, device, func, config } = fn;
  const address = { segment, bus, device, func };
  const { driver, physicalFunction } = details;
  const read = config.length > 0;
  const byte = (offset: number) => config[offset] ?? 0xff;
  const word = (offset: number) => byte(offset) + 0x100 * byte(offset + 1);
  const ofConfig = read
    ? {
        classCode: byte(CONFIG.classCode) + 0x100 * word(CONFIG.classCode + 1),
        vendorId: word(CONFIG.vendorId),
        deviceId: word(CONFIG.deviceId),
      }
    : NOTHING_READ;
  return {
    address,
    classCode: ofConfig.classCode ?? details.classCode,
    vendorId: details.vendorId ?? ofConfig.vendorId,
    deviceId: details.deviceId ?? ofConfig.deviceId,
    driver,
    physicalFunction,
    group,
    known: true,
    bridge,
    uses: regions.touching(address),
  };
}

function groupsByDevice(host: Host | null): Map<number, IommuGroup> {
  const groups = new Map<number, IommuGroup>();
  for (const group of host?.iommuGroups ?? []) {
    for (const device of group.devices) {
      const address = parseSbdf(device);
      if (address !== null) groups.set(keyOf(address), group);
    }
  }
  return groups;
}
