import { deviceIdText, deviceOfId } from '../../acpi/ivrs/device-id.js';
import { IVMD_FLAGS, IVMD_TYPE, type Ivmd, ivmd } from '../../acpi/ivrs/ivmd.js';
import { hasFlag } from '../../acpi/layout.js';
import { PAGE_SIZE } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { type Interval, joinIntervals, subtractIntervals } from '../../base/interval.js';
import { E820 } from '../../machine/host.js';
import { bySpecification, onLinux, onXen, xenWithoutIommu } from '../consequence.js';
import type { Remark, Rule } from '../rule.js';
import { about, aboutField, called } from '../wording.js';
import type { PlacedIvmd, Subject } from './subject.js';
import { regionText, XEN_REFUSES } from './wording.js';

const UPDATE = 'Update the firmware; else report it to the vendor.';
const PAGE_MASK = PAGE_SIZE - 1n;
const ADDRESSES = 1n << 64n;

const isUnity = ({ flags }: Ivmd): boolean => hasFlag(flags, IVMD_FLAGS, 'Unity');
const isExclusion = ({ flags }: Ivmd): boolean => hasFlag(flags, IVMD_FLAGS, 'ExclusionRange');

/** A rule's test that looks at each IVMD. */
const each = (test: (one: PlacedIvmd, subject: Subject) => Remark | undefined) =>
  function* (subject: Subject): Generator<Remark> {
    for (const one of subject.ivmds) {
      const remark = test(one, subject);
      if (remark !== undefined) yield remark;
    }
  };

/** A remark about the start and length of an IVMD. */
const aboutRegion = ({ block }: PlacedIvmd, message: string): Remark =>
  aboutField(block, ivmd.at.startAddress, 16, message);

/** `IVMD at offset 152, 0x97b98000-0x97b99fff,` */
const named = (one: PlacedIvmd): string => `${called(one.block)}, ${regionText(one)},`;

/** What becomes of an IVMD for a device that has no IOMMU at that place in the table. */
const WITHOUT_IOMMU: Rule<Subject>['consequences'] = [
  {
    who: 'Xen',
    since: '4.16',
    until: '4.18.3',
    effect:
      'the table is refused with -ENODEV: the IOMMU is off, and machines with x2APIC do not boot',
    turnsOffIommu: true,
  },
  {
    who: 'Xen',
    since: '4.19.0',
    until: '4.19.0',
    effect:
      'the table is refused with -ENODEV: the IOMMU is off, and machines with x2APIC do not boot',
    turnsOffIommu: true,
  },
  { who: 'Xen', since: '4.18.4', effect: 'the device is skipped with a warning' },
];

/** Rules about reserved memory. */
export const IVMD_RULES: readonly Rule<Subject>[] = [
  {
    id: 'ivrs-ivmd-trailing-bytes',
    severity: 'info',
    title: 'An IVMD is longer than the 32 bytes it has',
    consequences: [bySpecification('an IVMD has 32 bytes, and no system reads more')],
    advice: 'Report it to the firmware vendor.',
    test: each(({ block }) => {
      const { trailing } = block;
      if (trailing.length === 0) return;
      const message = `The ${called(block)} has ${trailing.length} bytes more than the ${ivmd.fixedLength} of an IVMD.`;
      return aboutField(block, ivmd.fixedLength, trailing.length, message);
    }),
  },
  {
    id: 'ivrs-ivmd-unaligned',
    severity: 'warning',
    title: 'A region does not begin or end on a page boundary',
    consequences: [
      bySpecification('start and length are multiples of 4096'),
      onLinux('the start is rounded up, so that the first page is lost'),
      onXen('the region is widened to whole pages'),
    ],
    advice: UPDATE,
    test: each((one) => {
      const { startAddress, memoryLength } = one.block;
      if (((startAddress | memoryLength) & PAGE_MASK) === 0n) return;
      const message = `The ${called(one.block)} begins at ${hex(startAddress)} and has ${hex(memoryLength)} bytes, which are not both multiples of 4096.`;
      return aboutRegion(one, message);
    }),
  },
  {
    id: 'ivrs-ivmd-empty',
    severity: 'warning',
    title: 'A region has no bytes',
    consequences: [
      bySpecification('a region has at least one page'),
      onXen('at an aligned start nothing is reported; else one page is'),
    ],
    advice: UPDATE,
    test: each((one) => {
      if (one.block.memoryLength !== 0n) return;
      return aboutRegion(one, `The ${called(one.block)} has a length of 0 bytes.`);
    }),
  },
  {
    id: 'ivrs-ivmd-wraps',
    severity: 'error',
    title: 'A region runs past the end of all addresses',
    consequences: [
      bySpecification('addresses have 64 bits at most'),
      xenWithoutIommu(
        'one that ends in the last page stops the hypervisor; others are answered with a huge number of pages',
      ),
    ],
    advice: UPDATE,
    test: each((one) => {
      const { startAddress, memoryLength } = one.block;
      if (startAddress + memoryLength + PAGE_MASK < ADDRESSES) return;
      const message = `The ${called(one.block)} begins at ${hex(startAddress)} and has ${hex(memoryLength)} bytes, which reach the end of 64-bit addresses.`;
      return aboutRegion(one, message);
    }),
  },
  {
    id: 'ivrs-ivmd-beyond-width',
    severity: 'error',
    title: 'A region lies above the address sizes of IVinfo',
    consequences: [
      bySpecification('the machine has no such addresses'),
      onXen('the region is ignored with a warning'),
    ],
    advice: UPDATE,
    test: each((one, { addressBits }) => {
      if (addressBits >= 64 || one.limit < 1n << BigInt(addressBits)) return;
      if (one.block.startAddress + one.block.memoryLength + PAGE_MASK >= ADDRESSES) return;
      return aboutRegion(
        one,
        `The ${named(one)} reaches above the ${addressBits} bits that addresses have.`,
      );
    }),
  },
  {
    id: 'ivrs-ivmd-no-mapping',
    severity: 'error',
    title: 'A region asks neither to be mapped nor to be excluded',
    consequences: [
      bySpecification('Unity or ExclusionRange says what is to be done'),
      onLinux('the region is ignored'),
      XEN_REFUSES,
    ],
    advice: UPDATE,
    test: each((one) => {
      const { block } = one;
      if (isUnity(block) || isExclusion(block)) return;
      const message = `The ${named(one)} has flags ${hex(block.flags, 2)}, with neither Unity nor ExclusionRange.`;
      return aboutField(block, ivmd.at.flags, 1, message);
    }),
  },
  {
    id: 'ivrs-ivmd-permissions',
    severity: 'warning',
    title: 'A region is mapped without permission to read and write',
    consequences: [
      onLinux('the device can only do what the flags allow'),
      onXen('read and write are exchanged: a region that may only be read can only be written'),
    ],
    advice:
      'Ask the firmware vendor whether the device reads or writes the region, and to set both flags.',
    test: each((one) => {
      const { block } = one;
      if (!isUnity(block) || isExclusion(block)) return;
      const [read, write] = [
        hasFlag(block.flags, IVMD_FLAGS, 'IR'),
        hasFlag(block.flags, IVMD_FLAGS, 'IW'),
      ];
      if (read && write) return;
      const lacks = [...(read ? [] : ['IR']), ...(write ? [] : ['IW'])].join(' nor ');
      const message = `The ${named(one)} has Unity set, but not ${lacks}.`;
      return aboutField(block, ivmd.at.flags, 1, message);
    }),
  },
  {
    id: 'ivrs-ivmd-range-backwards',
    severity: 'error',
    title: 'The devices of a region are a range that is empty or has but one device',
    consequences: [onLinux('a range that ends before it begins counts for no device'), XEN_REFUSES],
    advice: 'Ask the firmware vendor for an IVMD of one device, type 21h.',
    test: each((one) => {
      const { block } = one;
      if (block.type !== IVMD_TYPE.range || block.deviceId < block.auxiliaryData) return;
      const [first, last] = [deviceIdText(block.deviceId), deviceIdText(block.auxiliaryData)];
      const message = `The ${named(one)} is for the devices from ${first} to ${last}.`;
      return aboutField(block, ivmd.at.deviceId, 4, message);
    }),
  },
  {
    id: 'ivrs-ivmd-segment',
    severity: 'warning',
    title: 'A region is for devices of another segment than 0',
    consequences: [
      { who: 'Linux', until: '5.19', effect: 'the segment is taken for 0' },
      onXen('the segment is taken for 0, so that other devices get the region'),
    ],
    advice: UPDATE,
    test: each((one) => {
      const { block } = one;
      if (block.segment === 0) return;
      const message = `The ${named(one)} is for segment ${hex(block.segment)}, at offset ${block.offset + ivmd.at.segment}.`;
      return aboutField(block, ivmd.at.segment, 2, message);
    }),
  },
  {
    id: 'ivrs-ivmd-unknown-iommu',
    severity: 'error',
    title: 'A region is for the devices of an IOMMU that is not there',
    consequences: [onLinux('the type is not known, and the region ignored'), XEN_REFUSES],
    advice: UPDATE,
    test: each((one, { xenIvhds }) => {
      const { block } = one;
      if (block.type !== IVMD_TYPE.iommu) return;
      const { deviceId, auxiliaryData } = block;
      const known = xenIvhds.some(
        (ivhd) =>
          ivhd.segment === 0 &&
          ivhd.deviceId === deviceId &&
          ivhd.capabilityOffset === auxiliaryData &&
          ivhd.offset < block.offset,
      );
      if (known) return;
      const message = `The ${named(one)} is for the IOMMU ${deviceOfId(0, deviceId)} with its capability at ${hex(auxiliaryData)}, which no IVHD before it describes.`;
      return aboutField(block, ivmd.at.deviceId, 4, message);
    }),
  },
  {
    id: 'ivrs-ivmd-no-iommu',
    severity: 'error',
    title: 'A region is for a device that no IVHD lists',
    consequences: [bySpecification('a device of a region is behind an IOMMU'), ...WITHOUT_IOMMU],
    advice:
      'Use Xen 4.18.4, 4.19.1, 4.20 or later; with older releases boot with x2apic=off or iommu=off, and update the firmware.',
    *test(subject) {
      yield* withoutIommu(subject, 'anywhere');
    },
  },
  {
    id: 'ivrs-ivmd-before-ivhd',
    severity: 'warning',
    title: 'A region stands before the IVHD that lists its device',
    consequences: WITHOUT_IOMMU,
    advice:
      'Use Xen 4.18.4, 4.19.1, 4.20 or later, and ask the firmware vendor to put the IVHDs first.',
    *test(subject) {
      yield* withoutIommu(subject, 'before');
    },
  },
  {
    id: 'ivrs-ivmd-overlap',
    severity: 'error',
    title: 'Two regions of one device overlap',
    consequences: [
      bySpecification('the regions of a device do not overlap'),
      onLinux('both are mapped, which does no harm'),
      xenWithoutIommu('where both are mapped the table is refused with -EPERM: the IOMMU is off'),
    ],
    advice: 'Ask the firmware vendor for one region that holds both.',
    test: overlaps,
  },
  {
    id: 'ivrs-ivmd-exclusions',
    severity: 'info',
    title: 'There are several exclusion ranges, but an IOMMU has one',
    consequences: [
      bySpecification('the hardware has one exclusion range for each IOMMU'),
      onLinux('each is mapped for its devices'),
      onXen('those that cannot be joined with the first are mapped for their devices'),
    ],
    advice: 'Nothing: systems of today map them.',
    *test({ ivmds }) {
      const exclusions = ivmds.filter(({ block }) => isExclusion(block) && block.memoryLength > 0n);
      const [first] = exclusions;
      if (first === undefined) return;
      const apart = exclusions.find(({ block }) => block.startAddress !== first.block.startAddress);
      if (apart === undefined) return;
      const message = `The ${named(apart)} is one of ${exclusions.length} exclusion ranges; the first is at offset ${first.block.offset}.`;
      yield about(apart.block, message);
    },
  },
  {
    id: 'ivrs-ivmd-in-usable-memory',
    severity: 'error',
    title: 'A region lies in memory that the system uses',
    needs: 'memoryMap',
    consequences: [
      bySpecification('the memory is reserved in the memory map'),
      {
        who: 'Xen',
        since: '4.16',
        until: '4.17.3',
        effect: 'nothing is said, and the memory is used',
      },
      {
        who: 'Xen',
        since: '4.17.4',
        effect:
          'where nothing of a page is reserved the table is refused with -EIO: the IOMMU is off',
        turnsOffIommu: true,
      },
    ],
    advice: UPDATE,
    *test({ ivmds, host }) {
      const ram = (host.memoryMap ?? []).filter(({ type }) => type === E820.ram);
      for (const one of ivmds) {
        const { startAddress } = one.block;
        const found = ram.find(({ start, end }) => start <= one.limit && end > startAddress);
        if (found === undefined || one.block.memoryLength === 0n) continue;
        const message = `The ${named(one)} overlaps the memory from ${hex(found.start)} to ${hex(found.end - 1n)}, which is RAM.`;
        yield aboutRegion(one, message);
      }
    },
  },
  {
    id: 'ivrs-ivmd-not-reserved',
    severity: 'warning',
    title: 'A region lies partly in memory that is kept for something else',
    needs: 'memoryMap',
    consequences: [
      bySpecification('the memory is reserved in the memory map'),
      {
        who: 'Xen',
        since: '4.16',
        until: '4.17.3',
        effect:
          'memory of ACPI, or a page of which a part is reserved, refuses the table with -EIO: the IOMMU is off',
        turnsOffIommu: true,
      },
      {
        who: 'Xen',
        since: '4.18.0',
        until: '4.18.0',
        effect:
          'memory of ACPI, or a page of which a part is reserved, refuses the table with -EIO: the IOMMU is off',
        turnsOffIommu: true,
      },
    ],
    advice: 'Use Xen 4.17.4, 4.18.1, 4.19 or later on this machine.',
    *test({ ivmds, host }) {
      const map = host.memoryMap ?? [];
      const reserved = joinIntervals(map.filter(({ type }) => type === E820.reserved));
      for (const one of ivmds) {
        const { startAddress: start, memoryLength } = one.block;
        const rest = subtractIntervals([{ start, end: start + memoryLength }], reserved);
        const touches = rest.some((piece) => map.some((range) => overlap(piece, range)));
        const hasRam = map.some(
          (range) =>
            range.type === E820.ram && overlap(range, { start, end: start + memoryLength }),
        );
        if (!touches || hasRam) continue;
        yield aboutRegion(one, `The ${named(one)} is not all reserved in the memory map.`);
      }
    },
  },
];

const overlap = (a: Interval, b: Interval): boolean => a.start < b.end && b.start < a.end;

/** The devices of an IVMD for one device or a range, first and last ID; null for the other types. */
function devicesOf({
  type,
  deviceId: first,
  auxiliaryData: last,
}: Ivmd): { first: number; last: number } | null {
  if (type === IVMD_TYPE.device) return { first, last: first };
  return type === IVMD_TYPE.range && first < last ? { first, last } : null;
}

/**
 * IVMDs for devices that no IVHD of Xen's form lists on segment 0 (`anywhere`), or none that stands before them
 * (`before`), as Xen reads a table once, from its start (iommu_acpi.c, parse_ivrs_table).
 */
function* withoutIommu(subject: Subject, where: 'anywhere' | 'before'): Generator<Remark> {
  for (const one of subject.ivmds) {
    const { block } = one;
    const devices = devicesOf(block);
    if (devices === null || !(isUnity(block) || isExclusion(block))) continue;
    const { listing } = subject;
    if (listing === null) return;
    const { first, last } = devices;
    const unlisted = listing.firstWithout(first, last, Number.POSITIVE_INFINITY);
    const device =
      where === 'anywhere'
        ? unlisted
        : unlisted === null
          ? listing.firstWithout(first, last, block.offset)
          : null;
    if (device === null) continue;
    const clause = where === 'anywhere' ? 'no IVHD lists' : 'only an IVHD behind it lists';
    const message = `The ${named(one)} is for ${deviceIdText(device)}, which ${clause}.`;
    yield aboutField(block, ivmd.at.deviceId, 4, message);
  }
}

/** Regions that are compared with the next one: more never overlap in a table that anybody made. */
const MOST_ACTIVE = 16;

/**
 * Pairs of overlapping regions that share a device, one for each region that overlaps any; in n log n steps, since
 * of the regions that reach beyond the next one only some are kept. Two exclusion ranges are joined and so may
 * overlap, and one that is said twice is fine.
 */
function* overlaps({ ivmds }: Subject): Generator<Remark> {
  const sorted = ivmds
    .filter(({ block }) => block.memoryLength > 0n)
    .sort((a, b) => compare(pageOf(a), pageOf(b)) || a.block.offset - b.block.offset);
  let active: PlacedIvmd[] = [];
  for (const one of sorted) {
    active = active.filter(({ limit }) => limit / PAGE_SIZE >= pageOf(one)).slice(-MOST_ACTIVE);
    const other = active.find((before) => conflict(before.block, one.block));
    if (other !== undefined) {
      const [first, second] = other.block.offset < one.block.offset ? [other, one] : [one, other];
      const message = `The ${named(second)} overlaps the ${called(first.block)}, ${regionText(first)}.`;
      yield aboutRegion(second, message);
    }
    active.push(one);
  }
}

const pageOf = ({ block }: PlacedIvmd): bigint => block.startAddress / PAGE_SIZE;

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function conflict(a: Ivmd, b: Ivmd): boolean {
  if (isExclusion(a) && isExclusion(b)) return false;
  const same =
    a.startAddress === b.startAddress && a.memoryLength === b.memoryLength && a.flags === b.flags;
  if (same) return false;
  const [first, second] = [devicesOf(a), devicesOf(b)];
  const forAll = a.type === IVMD_TYPE.all || b.type === IVMD_TYPE.all;
  if (forAll) return true;
  return (
    first !== null && second !== null && first.first <= second.last && second.first <= first.last
  );
}
