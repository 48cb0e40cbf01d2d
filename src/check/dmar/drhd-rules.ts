import { type DeviceScope, isPciScope, scopeTypeName } from '../../acpi/dmar/device-scope.js';
import { type Drhd, drhd, includesPciAll, registerSetPages } from '../../acpi/dmar/drhd.js';
import { dmarHeader } from '../../acpi/dmar/header.js';
import { PAGE_SIZE } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { formatSegment } from '../../base/sbdf.js';
import { bySpecification, onLinux, onXen, xenWithoutIommu } from '../consequence.js';
import type { Remark, Rule } from '../rule.js';
import { about, aboutField, called } from '../wording.js';
import { fwtsSays, linuxLogs, linuxStops } from './consequence.js';
import { among, eachOf } from './each.js';
import { pathOf } from './path.js';
import { namesNothing, type Subject } from './subject.js';
import { isAddressable } from './width.js';

/** Units that every Xen takes; the 33rd or 34th is too many for the older ones. */
const XEN_UNITS = 32;

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

const segmentText = (segment: number) => `segment ${formatSegment(segment)}`;

const REFUSED = 'the whole table is refused with -ENODEV: VT-d is off';

/** A look at each unit's base; it is told what is wrong there, as a relative clause. */
const eachBase = (wrong: (base: bigint, subject: Subject, unit: Drhd) => string | false) =>
  eachOf(['DRHD'], (unit, subject) => {
    const base = unit.registerBaseAddress;
    const clause = wrong(base, subject, unit);
    if (clause === false) return;
    const message = `The ${called(unit)} has the register base address ${hex(base)}, ${clause}.`;
    return aboutField(unit, drhd.at.registerBaseAddress, 8, message);
  });

/** Rules about DMA remapping units. */
export const DRHD_RULES: readonly Rule<Subject>[] = [
  {
    id: 'drhd-none',
    severity: 'error',
    title: 'The table has no DRHD',
    consequences: [
      bySpecification('there must be at least one'),
      fwtsSays('InvalidDMAR'),
      onLinux('the kernel logs "No DRHD structure found in DMAR table"'),
      xenWithoutIommu('VT-d does not come up'),
    ],
    advice:
      "Look in the firmware's setup whether VT-d is switched off; where it is on, ask the vendor for a table with the units.",
    test({ drhds, table: { header } }) {
      if (drhds.length > 0 || header.length < dmarHeader.fixedLength) return;
      const message = `None of the structures in the table's ${header.length} bytes, from offset ${dmarHeader.fixedLength} on, is a DRHD.`;
      return { offset: 0, length: dmarHeader.fixedLength, message };
    },
  },
  {
    id: 'drhd-base-zero',
    severity: 'error',
    title: "A unit's register base address is 0",
    consequences: [
      onLinux(
        'the kernel logs "Your BIOS is broken; DMAR reported at address 0" and uses no remapping hardware, whatever units are beside it',
      ),
      xenWithoutIommu(REFUSED),
    ],
    advice:
      "Look in the firmware's setup whether VT-d, or a device of the unit, is switched off; else update the firmware.",
    each: eachBase((base) => base === 0n && 'which is no place for registers'),
  },
  {
    id: 'drhd-base-all-ones',
    severity: 'error',
    title: "A unit's register base address is all ones",
    consequences: [
      onLinux('the registers cannot be mapped, and no remapping hardware is used'),
      fwtsSays('InvalidDRHDRegAddr'),
      xenWithoutIommu(REFUSED),
    ],
    advice: 'Update the firmware; else report it to the vendor.',
    each: eachBase((base) => base === ALL_ONES && 'which is no place for registers'),
  },
  {
    id: 'drhd-base-unaligned',
    severity: 'error',
    title: "A unit's register base address is not on a page boundary",
    consequences: [
      bySpecification('the registers begin on a 4 KiB boundary'),
      fwtsSays('InvalidDRHDRegAddr'),
      linuxLogs(
        'No supported address widths',
        'the kernel reads other registers than the unit\'s; where those are 0 it logs that the unit has "No supported address widths", and does without it',
      ),
      linuxStops(
        'base-taken',
        'the kernel logs "Can\'t reserve memory" where the registers overlap others, and uses no remapping hardware',
      ),
      xenWithoutIommu("other registers than the unit's are read, as likely as not all ones"),
    ],
    advice: "Report it to the firmware's vendor.",
    each: eachBase(
      (base) => (base & 0xfffn) !== 0n && base !== ALL_ONES && 'which is not a multiple of 4096',
    ),
  },
  {
    id: 'drhd-base-beyond-width',
    severity: 'error',
    title: "A unit's registers lie above the host address width",
    consequences: [bySpecification('the machine has no such addresses')],
    advice: "Report it to the firmware's vendor: the base address or the width is wrong.",
    each: eachBase(
      (base, { table: { header } }, { size }) =>
        base !== ALL_ONES &&
        !isAddressable(header, base + BigInt(registerSetPages(size)) * PAGE_SIZE - 1n) &&
        `but addresses have ${header.hostAddressWidth + 1} bits`,
    ),
  },
  {
    id: 'drhd-base-duplicate',
    severity: 'error',
    title: 'Two units have one register base address',
    consequences: [
      bySpecification('each DRHD is a unit of its own'),
      linuxStops(
        'base-taken',
        'where they are on two segments the kernel logs "Can\'t reserve memory" and "Failed to map dmar…", and uses no remapping hardware',
      ),
      onLinux('of one segment the second is dropped, and its device scope with it'),
    ],
    advice: "Report it to the firmware's vendor.",
    test: among('DRHD', (drhds, { bases }) =>
      bases.size === drhds.length ? undefined : sameBases(drhds),
    ),
  },
  {
    id: 'drhd-base-overlap',
    severity: 'error',
    title: 'The registers of two units overlap',
    consequences: [
      bySpecification('each DRHD is a unit with registers of its own'),
      linuxStops(
        'base-taken',
        'the kernel logs "Can\'t reserve memory" and "Failed to map dmar…", and uses no remapping hardware',
      ),
    ],
    advice: "Report it to the firmware's vendor: a base address or a size is wrong.",
    test: among('DRHD', overlaps),
  },
  {
    id: 'drhd-include-all-twice',
    severity: 'error',
    title: 'Two units have INCLUDE_PCI_ALL',
    consequences: [
      bySpecification('at most one unit of a segment takes all that is left'),
      fwtsSays(
        'MultipleDRHDSFlag',
        'the dmar test fails with MultipleDRHDSFlag, whatever the segments are',
      ),
      xenWithoutIommu('on segment 0 the whole table is refused with -EINVAL: VT-d is off'),
    ],
    advice:
      "Of units of one segment only one can be meant: report it to the firmware's vendor. Of two segments nothing is wrong.",
    test(subject) {
      return subject.takingAll.length < 2 ? undefined : takenTwice(subject);
    },
  },
  {
    id: 'drhd-include-all-not-last',
    severity: 'warning',
    title: 'A unit with INCLUDE_PCI_ALL is not the last of its segment',
    consequences: [
      bySpecification('it takes what is left, so it has to come last on its segment'),
      onLinux('the kernel moves it to the end itself'),
    ],
    advice: "Report it to the firmware's vendor; Linux and Xen get along with it.",
    test: among('DRHD', (drhds, { takingAll }) => {
      const isLast = takingAll.length === 1 && takingAll[0] === drhds.at(-1);
      return takingAll.length === 0 || isLast ? undefined : takenTooSoon(drhds);
    }),
  },
  {
    id: 'drhd-no-scope',
    severity: 'warning',
    title: 'A unit without INCLUDE_PCI_ALL names no device',
    consequences: [
      bySpecification('without INCLUDE_PCI_ALL a unit has the devices of its scope and no others'),
      onLinux(
        'the kernel ignores the unit; where no other serves a device, no remapping hardware is used and no device has an IOMMU group',
      ),
    ],
    advice: "Report it to the firmware's vendor: the unit serves no device.",
    test({ drhds }) {
      const idle = drhds.filter((unit) => namesNothing(unit) && !includesPciAll(unit));
      if (idle.length === 0) return;
      const severity = idle.length < drhds.length ? 'warning' : 'error';
      return idle.map((unit) => {
        const message = `The ${called(unit)} has neither INCLUDE_PCI_ALL nor a device scope.`;
        return { ...about(unit, message), severity };
      });
    },
  },
  {
    id: 'drhd-scope-duplicate',
    severity: 'error',
    title: 'Two units name one device',
    consequences: [
      bySpecification('a device is served by one unit'),
      onLinux("whichever unit comes first in the kernel's list gets the device"),
      onXen("whichever unit comes first in Xen's list gets the device"),
    ],
    advice: "Report it to the firmware's vendor: only one unit can be right.",
    test: among('DRHD', namedTwice),
  },
  {
    id: 'drhd-too-many',
    severity: 'warning',
    title: 'There are more units than older hypervisors take',
    consequences: [
      {
        who: 'Xen',
        until: '4.14',
        effect: 'a 34th unit makes Xen reject the whole table (-ENOMEM)',
        turnsOffIommu: true,
      },
      {
        who: 'Xen',
        since: '4.15',
        until: '4.15',
        effect: 'the 33rd gets the whole table refused with -ENOMEM',
        turnsOffIommu: true,
      },
    ],
    advice: 'Use Xen 4.16 or later on this machine.',
    test({ drhds }) {
      const unit = drhds[XEN_UNITS];
      if (unit === undefined) return;
      const message = `The table has ${drhds.length} DRHDs; the one at offset ${unit.offset} is the first beyond ${XEN_UNITS}.`;
      return about(unit, message);
    },
  },
];

/** Units with the base of one before them; those whose base is no place at all have rules of their own. */
function* sameBases(drhds: readonly Drhd[]): Generator<Remark> {
  const owners = new Map<bigint, Drhd>();
  for (const unit of drhds) {
    const base = unit.registerBaseAddress;
    const owner = owners.get(base);
    if (owner === undefined) owners.set(base, unit);
    else if (base !== 0n && base !== ALL_ONES) {
      const message = `The ${called(unit)} has the register base address ${hex(base)} of the ${called(owner)}.`;
      yield aboutField(unit, drhd.at.registerBaseAddress, 8, message);
    }
  }
}

/** Units whose registers overlap those of one with a lower base; in n log n steps. */
function overlaps(drhds: readonly Drhd[]): Remark[] {
  const remarks: Remark[] = [];
  const end = ({ registerBaseAddress: base, size }: Drhd) =>
    base + BigInt(registerSetPages(size)) * PAGE_SIZE;
  const placed = drhds
    .filter(({ registerBaseAddress: base }) => base !== 0n && base !== ALL_ONES)
    .sort((a, b) => compare(a.registerBaseAddress, b.registerBaseAddress));
  let highest: Drhd | null = null;
  for (const unit of placed) {
    const base = unit.registerBaseAddress;
    if (highest !== null && base < end(highest) && base !== highest.registerBaseAddress) {
      const message = `The registers of the ${called(unit)}, from ${hex(base)} on, overlap those of the ${called(highest)}, from ${hex(highest.registerBaseAddress)} on.`;
      remarks.push(aboutField(unit, drhd.at.registerBaseAddress, 8, message));
    }
    if (highest === null || end(unit) > end(highest)) highest = unit;
  }
  return remarks;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Units with INCLUDE_PCI_ALL after one of their segment; or of another, where fwts complains of that. */
function* takenTwice(subject: Subject): Generator<Remark> {
  let elsewhere: Drhd | null = null;
  const firsts = new Map<number, Drhd>();
  for (const unit of subject.takingAll) {
    const first = firsts.get(unit.segment);
    if (first === undefined) firsts.set(unit.segment, unit);
    else {
      const message = `The ${called(unit)} has INCLUDE_PCI_ALL on ${segmentText(unit.segment)}, as the ${called(first)} has already.`;
      yield aboutField(unit, drhd.at.flags, 1, message);
    }
    if (first === undefined && elsewhere !== null && subject.fwts === 'MultipleDRHDSFlag') {
      const message = `The ${called(unit)} has INCLUDE_PCI_ALL on ${segmentText(unit.segment)}, as the ${called(elsewhere)} has on ${segmentText(elsewhere.segment)}: the specification allows that, and fwts does not.`;
      yield { ...aboutField(unit, drhd.at.flags, 1, message), severity: 'info' };
    }
    elsewhere ??= unit;
  }
}

/** The last unit with INCLUDE_PCI_ALL of each segment, where others of the segment follow it. */
function* takenTooSoon(drhds: readonly Drhd[]): Generator<Remark> {
  const lastAll = new Map<number, Drhd>();
  const last = new Map<number, Drhd>();
  for (const unit of drhds) {
    last.set(unit.segment, unit);
    if (includesPciAll(unit)) lastAll.set(unit.segment, unit);
  }
  for (const [segment, unit] of lastAll) {
    const after = last.get(segment) as Drhd;
    if (after === unit) continue;
    const message = `The ${called(unit)} has INCLUDE_PCI_ALL on ${segmentText(segment)}, but the ${called(after)} follows it there.`;
    yield aboutField(unit, drhd.at.flags, 1, message);
  }
}

/** Entries of units' device scopes that name what another unit names already. */
function namedTwice(drhds: readonly Drhd[]): Remark[] {
  const remarks: Remark[] = [];
  const owners = new Map<string | number, Drhd>();
  for (const unit of drhds) {
    for (const scope of unit.deviceScope) {
      const key = scopeKey(unit.segment, scope);
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, unit);
      else if (owner !== unit) {
        const name = isPciScope(scope)
          ? pathOf(unit.segment, scope)
          : `the ${scopeTypeName(scope.type)} ${scope.enumerationId}`;
        const message = `The device scope of the ${called(unit)} names ${name} at offset ${scope.offset}, as does that of the ${called(owner)}.`;
        remarks.push(about(scope, message));
      }
    }
  }
  return remarks;
}

/**
 * What a device scope entry of a segment names, as a key: I/O APICs, HPETs and name-space devices go by their ID alone.
 * A number will do but for paths of several hops.
 */
function scopeKey(segment: number, scope: DeviceScope): string | number {
  const { type, enumerationId, startBusNumber, path } = scope;
  if (!isPciScope(scope)) return 2 ** 40 * (type + 1) + segment * 0x100 + enumerationId;
  const hop = path[0];
  if (hop === undefined || path.length > 1) {
    return `${segment} pci ${startBusNumber}:${path.join('/')}`;
  }
  return ((segment * 0x100 + startBusNumber) * 0x100 + hop[0]) * 0x100 + hop[1];
}
