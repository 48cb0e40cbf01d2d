import {
  type DeviceScope,
  isPciScope,
  SCOPE_ENDPOINT,
  SCOPE_HPET,
  SCOPE_IOAPIC,
  SCOPE_SUB_HIERARCHY,
} from '../../acpi/dmar/device-scope.js';
import { type Drhd, drhd, includesPciAll } from '../../acpi/dmar/drhd.js';
import { DMAR_FLAGS, dmarHeader } from '../../acpi/dmar/header.js';
import { type Rmrr, rmrr } from '../../acpi/dmar/rmrr.js';
import type { Scoped } from '../../acpi/dmar/structures.js';
import { hasFlag } from '../../acpi/layout.js';
import { PAGE_SIZE } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { append } from '../../base/lists.js';
import { formatSbdf } from '../../base/sbdf.js';
import { isRelaxableClass } from '../../linux/judge.js';
import { sinceWhen } from '../../linux/kernel.js';
import { LinuxMemoryMap } from '../../linux/memory-map.js';
import { E820, type MemoryRange } from '../../machine/host.js';
import {
  CONFIG,
  classOf,
  PCI_CLASS,
  type PciFunction,
  type PciTopology,
} from '../../machine/pci-topology.js';
import { MemoryMap } from '../../xen/memory-map.js';
import { bySpecification, onLinux, onXen } from '../consequence.js';
import type { Remark, Rule } from '../rule.js';
import { about, aboutField, called, listed, range } from '../wording.js';
import { fwtsSays, linuxLogs, linuxStops } from './consequence.js';
import { pathOf } from './path.js';
import type { Subject } from './subject.js';
import { UNMAPPED_IO_APIC } from './table-rules.js';

/** The function that a PCI scope entry names; null where it, or a bridge on the way, is absent. */
function lookUp(pci: PciTopology, segment: number, scope: DeviceScope): PciFunction | null {
  const named = pci.resolvePath(segment, scope.startBusNumber, scope.path);
  return named && pci.answers(named) ? pci.get(segment, named.bus, named.device, named.func) : null;
}

/**
 * A rule's test that makes one remark per structure, about the PCI devices of its scope that are wrong.
 *
 * @param isWrong decides on an entry and the function it names, null where that is absent
 * @param sentence says it of the structure and the devices' names
 */
const devices = (
  isWrong: (
    fn: PciFunction | null,
    scope: DeviceScope,
    structure: Scoped,
    pci: PciTopology,
  ) => boolean,
  sentence: (structure: Scoped, names: string) => string,
) =>
  function* ({ scoped, host: { pci } }: Subject): Generator<Remark> {
    if (pci === null) return;
    for (const structure of scoped) {
      const wrong = structure.deviceScope.filter(
        (scope) =>
          isPciScope(scope) &&
          isWrong(lookUp(pci, structure.segment, scope), scope, structure, pci),
      );
      const [first] = wrong;
      if (first === undefined) continue;
      const names = listed(wrong.map((scope) => nameOf(pci, structure, scope)));
      yield about(first, sentence(structure, names));
    }
  };

/**
 * The I/O APICs and HPETs whose type Xen looks up in the wrong entry (acpi_parse_one_drhd: the i-th device
 * counted has the type of the i-th entry, counted or not).
 */
function mistakenEntries(unit: Drhd): DeviceScope[] {
  const isChip = ({ type }: DeviceScope) => type === SCOPE_IOAPIC || type === SCOPE_HPET;
  return unit.deviceScope
    .filter((scope) => isPciScope(scope) || isChip(scope))
    .filter((scope, i) => isChip(scope) && !isChip(unit.deviceScope[i] as DeviceScope));
}

/** A device's address where its path can be followed, else the path. */
function nameOf(pci: PciTopology, { segment }: Scoped, scope: DeviceScope): string {
  const path = pathOf(segment, scope);
  const named = pci.resolvePath(segment, scope.startBusNumber, scope.path);
  return named === null || scope.path.length === 1 ? path : `${path} (${formatSbdf(named)})`;
}

/** Linux looks at every entry but those of units with INCLUDE_PCI_ALL and of ATSRs with ALL_PORTS. */
const TYPE_MISMATCH = linuxStops(
  'scope-type',
  'the kernel logs "Device scope type does not match" and gives up the remapping hardware',
);

/** Rules that need the machine's PCI functions. */
const PCI_RULES: readonly Rule<Subject>[] = [
  {
    id: 'drhd-device-absent',
    severity: 'warning',
    title: 'A unit names a device that the machine does not have',
    needs: 'pci',
    consequences: [
      fwtsSays('DevScopeDevNotFound'),
      {
        who: 'Xen',
        until: '4.11',
        effect:
          'where the segment is known while parsing, the whole table is refused with -EINVAL: VT-d is off',
        turnsOffIommu: true,
      },
      { who: 'Xen', since: '4.12', effect: 'a warning is logged' },
    ],
    advice:
      "Look whether the device is switched off in the firmware's setup; with Xen before 4.12 use iommu=workaround_bios_bug.",
    test: devices(
      (fn, _scope, structure) => structure.name === 'DRHD' && fn === null,
      (structure, names) =>
        `The ${called(structure)} names ${names}, which the machine does not have.`,
    ),
  },
  {
    id: 'drhd-io-apic-mistaken',
    severity: 'warning',
    title: 'Older hypervisors take an I/O APIC or HPET of a unit for a PCI device',
    needs: 'pci',
    consequences: [
      {
        who: 'Xen',
        until: '4.11',
        effect:
          'entries it does not count shift the types of those after them, and a PCI device that is absent gets the whole table refused with -EINVAL: VT-d is off',
        turnsOffIommu: true,
      },
    ],
    advice: 'Use Xen 4.12 or later on this machine.',
    *test({ drhds, host: { pci } }) {
      if (pci === null) return;
      for (const unit of drhds) {
        if (includesPciAll(unit)) continue;
        const mistaken = mistakenEntries(unit).filter((scope) => {
          const named = pci.resolvePath(unit.segment, scope.startBusNumber, scope.path);
          return named === null || !pci.answers(named);
        });
        const [first] = mistaken;
        if (first === undefined) continue;
        const names = listed(mistaken.map((scope) => pathOf(unit.segment, scope)));
        yield about(
          first,
          `The ${called(unit)} names ${names} after entries that Xen to 4.11 does not count, so that it is taken for a PCI device.`,
        );
      }
    },
  },
  {
    id: 'scope-device-absent',
    severity: 'info',
    title: 'A structure names a device that the machine does not have',
    needs: 'pci',
    consequences: [
      fwtsSays('DevScopeDevNotFound'),
      onLinux('the entry waits for the device to be added'),
      onXen('a region none of whose devices is there is ignored'),
    ],
    advice:
      'Nothing, where firmware lists all the slots a device may be in; else report it to the vendor.',
    test: devices(
      (fn, _scope, structure) => structure.name !== 'DRHD' && fn === null,
      (structure, names) =>
        `The ${called(structure)} names ${names}, which the machine does not have.`,
    ),
  },
  {
    id: 'scope-endpoint-is-bridge',
    severity: 'error',
    title: 'A device named as an endpoint is a bridge',
    needs: 'pci',
    consequences: [
      bySpecification('a bridge is named as a PCI sub-hierarchy'),
      fwtsSays('DevScopeTypeNoMatch'),
      TYPE_MISMATCH,
      onXen('the devices below the bridge are not put under the unit'),
    ],
    advice: "Report it to the firmware's vendor.",
    test: devices(
      (fn, scope, _structure, pci) =>
        scope.type === SCOPE_ENDPOINT && fn !== null && pci.isBridge(fn),
      (structure, names) =>
        `The ${called(structure)} names ${names} as PCI endpoint, but there is a bridge.`,
    ),
  },
  {
    id: 'scope-bridge-is-endpoint',
    severity: 'error',
    title: 'A device named as a sub-hierarchy is no bridge',
    needs: 'pci',
    consequences: [
      bySpecification('a sub-hierarchy is a bridge and all below it'),
      fwtsSays('DevScopeTypeNoMatch'),
      TYPE_MISMATCH,
      onXen("the function's BAR is read as bus numbers"),
    ],
    advice: "Report it to the firmware's vendor.",
    // Bridges of other kinds, as non-transparent ones, have an endpoint's header and are let pass by Linux.
    test: devices(
      (fn, scope, _structure, pci) =>
        scope.type === SCOPE_SUB_HIERARCHY &&
        fn !== null &&
        !pci.isBridge(fn) &&
        classOf(fn) >> 8 !== PCI_CLASS.bridge,
      (structure, names) =>
        `The ${called(structure)} names ${names} as PCI sub-hierarchy, but there is no bridge.`,
    ),
  },
  {
    id: 'scope-start-bus-behind-bridge',
    severity: 'warning',
    title: 'A path begins on a bus behind a bridge',
    needs: 'pci',
    consequences: [
      bySpecification('a path begins on a root bus, with a hop for every bridge on the way'),
      {
        who: 'Linux',
        effect:
          'the kernel logs "RMRR entry for device … is broken - applying workaround", of whatever structure',
        holds: ({ linux }) => linux.workarounds.length > 0,
      },
      onLinux('a path of several hops from there is not found at all'),
    ],
    advice:
      "Report it to the firmware's vendor: the path is wrong as soon as buses are numbered anew.",
    *test(subject) {
      const behind = busesBehindBridges(subject.host.pci);
      yield* devices(
        (fn, scope, { segment }) => fn !== null && behind.has(`${segment}:${scope.startBusNumber}`),
        (structure, names) =>
          `The ${called(structure)} names ${names} from a bus behind a bridge instead of from its root bus.`,
      )(subject);
    },
  },
  {
    id: 'rmrr-binding',
    severity: 'warning',
    title: 'A region belongs to a device that is neither USB controller nor graphics',
    needs: 'pci',
    consequences: [
      {
        who: 'Linux',
        since: '3.17',
        effect:
          'the device cannot be given to a guest: "platform RMRR requirement"; since 6.6 neither can others of its IOMMU group',
      },
    ],
    advice:
      "Look for a firmware setting of the device's vendor that ends the use of the region (HPE: conrep), or use another slot.",
    *test({ rmrrs, host: { pci }, linux }) {
      if (pci === null) return;
      const devicesOf = new Map<number, PciFunction[]>();
      for (const fn of pci.functions()) {
        for (const { offset } of linux.regionsOf({ address: fn, physicalFunction: null })) {
          append(devicesOf, offset, fn);
        }
      }
      for (const one of rmrrs) {
        const binding = (devicesOf.get(one.offset) ?? []).filter(
          (fn) => !pci.isBridge(fn) && !isRelaxableClass(classOf(fn) << 8),
        );
        if (binding.length === 0) continue;
        const names = listed(
          binding.map((fn) => `${formatSbdf(fn)} (class ${hex(classOf(fn), 4)})`),
        );
        const message = `The ${called(one)}, ${range(one.baseAddress, one.limitAddress)}, binds ${names}.`;
        yield about(one, message);
      }
    },
  },
];

/** Segment and number of every bus that some bridge leads to. */
function busesBehindBridges(pci: PciTopology | null): Set<string> {
  const buses = new Set<string>();
  for (const fn of pci?.functions() ?? []) {
    if (pci?.isBridge(fn)) buses.add(`${fn.segment}:${fn.config[CONFIG.secondaryBus]}`);
  }
  return buses;
}

/** What Xen and Linux make of a region's place. */
interface Placed {
  one: Rmrr;
  linux: LinuxMemoryMap;
  /** Address of the first page that Xen does not let the region have; null where there is none. */
  refused: bigint | null;
}

function* placed({ rmrrs, host }: Subject): Generator<Placed> {
  if (host.memoryMap === null) return;
  const linux = new LinuxMemoryMap(host.memoryMap);
  const xen = new MemoryMap(host.memoryMap);
  for (const one of rmrrs) {
    const frame = xen.firstUnclaimable(one.baseAddress / PAGE_SIZE, one.limitAddress / PAGE_SIZE);
    yield { one, linux, refused: frame === null ? null : frame * PAGE_SIZE };
  }
}

const NO_RESERVED_REGION = linuxLogs(
  'No firmware reserved region',
  'the kernel logs "No firmware reserved region can cover this RMRR" and "Your BIOS is broken; bad RMRR", and uses the region nevertheless',
  { since: sinceWhen('placeLogged') },
);
const GIVEN_UP = linuxLogs(
  'No firmware reserved region',
  'the whole table is given up: no remapping hardware is used',
  { since: sinceWhen('placeChecked'), until: sinceWhen('placeChecked') },
);

/** What a range of the map makes of a unit's registers within it. */
const REGISTERS_TAKEN = linuxStops(
  'base-taken',
  'the kernel logs "Can\'t reserve memory" and "Failed to map dmar…", and uses no remapping hardware',
);

/** Rules that need the firmware's memory map. */
const MEMORY_RULES: readonly Rule<Subject>[] = [
  {
    id: 'drhd-base-in-memory',
    severity: 'error',
    title: "A unit's registers lie in memory that is in use",
    needs: 'memoryMap',
    consequences: [
      bySpecification('the registers are apart from all other memory'),
      REGISTERS_TAKEN,
    ],
    advice: "Report it to the firmware's vendor: the base address or the memory map is wrong.",
    *test({ drhds, host: { memoryMap } }) {
      if (memoryMap === null) return;
      const map = new LinuxMemoryMap(memoryMap);
      for (const unit of drhds) {
        const base = unit.registerBaseAddress;
        const taken = base === 0n ? undefined : map.taken(base, base + PAGE_SIZE);
        if (taken === undefined) continue;
        const message = `The ${called(unit)} has the register base address ${hex(base)}, which is in use${inRange(taken)}.`;
        yield aboutField(unit, drhd.at.registerBaseAddress, 8, message);
      }
    },
  },
  {
    id: 'rmrr-in-acpi-nvs',
    severity: 'info',
    title: 'A region lies in ACPI NVS memory',
    needs: 'memoryMap',
    consequences: [
      {
        who: 'Linux',
        since: sinceWhen('placeLogged'),
        until: '6.0',
        effect:
          'the kernel complains that "No firmware reserved region can cover this RMRR", unless it is of 5.10.161, 5.15.85 or later in those series; it uses the region nevertheless',
      },
    ],
    advice: 'Nothing: the system leaves this memory alone, and newer kernels know it.',
    *test(subject) {
      for (const { one, linux, refused } of placed(subject)) {
        const { baseAddress: base, limitAddress: limit } = one;
        if (refused !== null || base > limit) continue;
        if (!linux.suits(base, limit) || linux.suits(base, limit, false)) continue;
        const message = `The ${called(one)}, ${range(base, limit)}, ends in ACPI NVS memory.`;
        yield aboutField(one, rmrr.at.baseAddress, 16, message);
      }
    },
  },
  {
    id: 'rmrr-in-usable-memory',
    severity: 'error',
    title: "A region lies in memory that the firmware's map gives to the system",
    needs: 'memoryMap',
    consequences: [
      bySpecification('the firmware reports the region as reserved in its memory map'),
      onLinux(
        'the kernel may use the memory, and does not notice where the last range that the region touches is reserved',
      ),
      NO_RESERVED_REGION,
      GIVEN_UP,
      { who: 'Xen', until: '4.18', effect: 'a warning is logged' },
      {
        who: 'Xen',
        since: '4.19',
        effect: 'the whole table is refused with -EIO: VT-d is off',
        turnsOffIommu: true,
      },
    ],
    advice: 'Update the firmware; until then Xen to 4.18 starts with VT-d on.',
    *test(subject) {
      for (const { one, linux, refused: page } of placed(subject)) {
        if (page === null) continue;
        const message = `The ${called(one)}, ${range(one.baseAddress, one.limitAddress)}, has the page at ${hex(page)} in memory that is not reserved${inRange(linux.otherThanReserved(page, page + PAGE_SIZE - 1n))}.`;
        yield aboutField(one, rmrr.at.baseAddress, 16, message);
      }
    },
  },
  {
    id: 'rmrr-not-reserved',
    severity: 'warning',
    title: "The firmware's memory map does not give a region as reserved",
    needs: 'memoryMap',
    consequences: [
      bySpecification('the firmware reports the region as reserved in its memory map'),
      NO_RESERVED_REGION,
      GIVEN_UP,
    ],
    advice: "Report it to the firmware's vendor; the system does not use this memory as it is.",
    *test(subject) {
      for (const { one, linux, refused } of placed(subject)) {
        const { baseAddress: base, limitAddress: limit } = one;
        if (refused !== null || base > limit || linux.suits(base, limit)) continue;
        const message = `The ${called(one)}, ${range(base, limit)}, is not all reserved in the firmware's memory map${inRange(linux.otherThanReserved(base, limit))}.`;
        yield aboutField(one, rmrr.at.baseAddress, 16, message);
      }
    },
  },
];

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [E820.ram]: 'RAM',
  [E820.acpi]: 'ACPI tables',
  [E820.nvs]: 'ACPI NVS',
  [E820.unusable]: 'unusable memory',
};

/** What the map says there, for the end of a sentence. */
function inRange(found: MemoryRange | undefined): string {
  if (found === undefined) return '';
  const type = TYPE_NAMES[found.type] ?? `memory of type ${found.type}`;
  return `: ${range(found.start, found.end - 1n)} is ${type}`;
}

/** The rule that needs the machine's interrupt controllers. */
const IO_APIC_RULE: Rule<Subject> = {
  id: 'drhd-io-apic-missing',
  severity: 'warning',
  title: 'Interrupt remapping is promised, but an I/O APIC of the machine is in no unit',
  needs: 'ioApics',
  ...UNMAPPED_IO_APIC,
  *test({ drhds, table: { header }, host: { ioApics } }) {
    if (!hasFlag(header.flags, DMAR_FLAGS, 'INTR_REMAP') || drhds.length === 0) return;
    const scopes = drhds.flatMap((unit) => unit.deviceScope);
    const named = new Set(
      scopes.filter(({ type }) => type === SCOPE_IOAPIC).map(({ enumerationId }) => enumerationId),
    );
    // Where no unit has any, table-no-io-apic says so.
    if (named.size === 0) return;
    const missing = (ioApics ?? []).filter((id) => !named.has(id));
    if (missing.length === 0) return;
    const message = `No DRHD's device scope has the I/O APIC ${listed(missing.map(String))}, which the MADT lists; the flags at offset ${dmarHeader.at.flags} have INTR_REMAP set.`;
    yield aboutField({ offset: 0 }, dmarHeader.at.flags, 1, message);
  },
};

/** Rules that compare the table with its machine. */
export const HOST_RULES: readonly Rule<Subject>[] = [...PCI_RULES, ...MEMORY_RULES, IO_APIC_RULE];
