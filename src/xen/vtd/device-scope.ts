import {
  deviceScope,
  SCOPE_ENDPOINT,
  SCOPE_HPET,
  SCOPE_IOAPIC,
  SCOPE_SUB_HIERARCHY,
} from '../../acpi/dmar/device-scope.js';
import { formatPath, formatSbdf, sbdfKey, sbdfOf } from '../../base/sbdf.js';
import { CONFIG } from '../../machine/pci-topology.js';
import { ERRNO } from '../hypercall/errno.js';
import { isPresent, type Machine, readConfig } from '../machine.js';
import type { Release } from '../releases.js';
import type { ReportedDevice } from '../reported-region.js';
import { HypervisorStop } from '../stop.js';
import type { TableMemory } from '../table-memory.js';

/** A device that Xen noted for a scope. */
export type ScopeDevice = ReportedDevice;

/** The same before it has a name, which few need: DRHDs alone note dozens. */
export interface NotedDevice extends Pick<ScopeDevice, 'bdf'> {
  readonly segment: number;
  readonly startBus: number;
  readonly path: readonly (readonly [device: number, func: number])[];
}

/** Names a device: by its address, or where that is not known by the path that leads to it. */
export const named = ({ bdf, segment, startBus, path }: NotedDevice): ScopeDevice => ({
  bdf,
  name: bdf === null ? formatPath(segment, startBus, path) : formatSbdf(sbdfOf(segment, bdf)),
});

/** What became of a structure's scopes. */
export type ScopeResult =
  | { rc: 0; devices: NotedDevice[]; entryTypes: number[] }
  | { rc: number; message: string };

const SHORTEST_ENTRY = 8;
const HOP_BYTES = 2;

/** Types that Xen counts as devices; name-space devices and unknown types are walked but not counted. */
const COUNTED: ReadonlySet<number> = new Set([
  SCOPE_ENDPOINT,
  SCOPE_SUB_HIERARCHY,
  SCOPE_IOAPIC,
  SCOPE_HPET,
]);

/**
 * Reads the device scopes of a structure (xen/drivers/passthrough/vtd/dmar.c, acpi_parse_dev_scope). An
 * entry may overrun its structure, and stray bytes at the end are taken for another entry.
 *
 * @param start offset of the first entry
 * @param end offset of the first byte after the structure
 * @returns the devices and the types of all entries; -EINVAL where an entry is too short
 * @throws HypervisorStop where a release stops on the address of a bridge
 */
export function parseDeviceScopes(
  memory: TableMemory,
  start: number,
  end: number,
  segment: number,
  machine: Machine,
  release: Release,
): ScopeResult {
  const { at, fixedLength } = deviceScope;
  // All lengths are judged before any path is walked: a walk may stop the hypervisor.
  for (let entry = start; entry < end; entry += memory.u8(entry + at.length)) {
    const length = memory.u8(entry + at.length);
    if (length < SHORTEST_ENTRY) {
      const message = memory.has(entry + at.length)
        ? `the device scope entry at offset ${entry} has a length of ${length} bytes, less than ${SHORTEST_ENTRY}`
        : `the device scope entry at offset ${entry} lies past the end of what was given, taken as zeros`;
      return { rc: -ERRNO.EINVAL, message };
    }
  }
  const devices: NotedDevice[] = [];
  const entryTypes: number[] = [];
  for (let entry = start; entry < end; entry += memory.u8(entry + at.length)) {
    const type = memory.u8(entry + at.type);
    const hops = Math.floor((memory.u8(entry + at.length) - fixedLength) / HOP_BYTES);
    const path: [number, number][] = [];
    for (let i = 0; i < hops; i++) {
      const hop = entry + fixedLength + i * HOP_BYTES;
      path.push([memory.u8(hop), memory.u8(hop + 1)]);
    }
    const startBus = memory.u8(entry + at.startBusNumber);
    const device = walkPath(segment, startBus, path, machine, release);
    if (type === SCOPE_SUB_HIERARCHY) checkBridge(segment, path.at(-1) ?? [0, 0], release);
    if (COUNTED.has(type)) devices.push(device);
    entryTypes.push(type);
  }
  return { rc: 0, devices, entryTypes };
}

function walkPath(
  segment: number,
  startBus: number,
  path: readonly [number, number][],
  machine: Machine,
  release: Release,
): NotedDevice {
  let bus = startBus;
  let known = machine.pci !== null || path.length === 1;
  for (let hop = 0; hop < path.length - 1; hop++) {
    const [device, func] = path[hop] as [number, number];
    checkBridge(segment, [device, func], release);
    const bridge = { segment, bus, device: device & 0x1f, func: func & 7 };
    bus = readConfig(machine, bridge, CONFIG.secondaryBus);
    known &&= machine.pci?.isUnread(bridge) !== true;
  }
  const [device, func] = path.at(-1) as [number, number];
  const bdf = known ? sbdfKey(0, bus, device & 0x1f, func & 7) : null;
  return { bdf, segment, startBus, path };
}

/** Reading the bridge's configuration space may be an assertion away (pci_conf_read8, CONFIG_ADDRESS). */
function checkBridge(segment: number, [device, func]: [number, number], release: Release): void {
  if (release.wideBridgeBug && segment === 0 && (device > 0x1f || func > 7)) {
    throw new HypervisorStop(
      'bug',
      `a device scope names a bridge at device ${device}, function ${func}, which PCI does not have`,
    );
  }
}

/** Whether a noted device answers; one whose address is not known counts as present. */
export const isDevicePresent = (
  { bdf }: Pick<ScopeDevice, 'bdf'>,
  segment: number,
  machine: Machine,
): boolean => bdf === null || isPresent(machine, sbdfOf(segment, bdf));
