import {
  type DeviceScope,
  isPciScope,
  SCOPE_ACPI_DEVICE,
  SCOPE_ENDPOINT,
} from '../../acpi/dmar/device-scope.js';
import { type Rmrr, rmrr } from '../../acpi/dmar/rmrr.js';
import { PAGE_SIZE } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { sinceWhen } from '../../linux/kernel.js';
import { bySpecification, onLinux, onXen, xenWithoutIommu } from '../consequence.js';
import type { Consequence, Remark, Rule } from '../rule.js';
import { about, aboutField, called, listed, range } from '../wording.js';
import { fwtsSays } from './consequence.js';
import { among, eachRmrr } from './each.js';
import { pathOf } from './path.js';
import { namesNothing, type Subject } from './subject.js';
import { isAddressable } from './width.js';

const GIB = 1n << 30n;
const PAGE_MASK = PAGE_SIZE - 1n;
/** Bytes of all the pages that 32 bits can number. */
const FRAME_LIMIT = PAGE_SIZE << 32n;

const BAD_RMRR: Consequence = {
  who: 'Linux',
  since: sinceWhen('placeLogged'),
  effect: 'the kernel logs "Your BIOS is broken; bad RMRR" and uses the region nevertheless',
};
const FWTS_RANGE = fwtsSays('InvalidRMRRRangeAddr');
const region = ({ baseAddress, limitAddress }: Rmrr) => range(baseAddress, limitAddress);

const isReversed = ({ baseAddress, limitAddress }: Rmrr) => baseAddress > limitAddress;

/** Whether Xen takes an entry for a device (acpi_parse_dev_scope): I/O APICs and HPETs too. */
const countsForXen = ({ type }: DeviceScope) => type >= SCOPE_ENDPOINT && type < SCOPE_ACPI_DEVICE;

/** Rules about reserved memory regions. */
export const RMRR_RULES: readonly Rule<Subject>[] = [
  {
    id: 'rmrr-base-unaligned',
    severity: 'error',
    title: 'A region does not begin on a page boundary',
    consequences: [
      bySpecification('the base address is 4 KiB aligned'),
      BAD_RMRR,
      FWTS_RANGE,
      onXen('the whole page that the base lies in is reserved'),
    ],
    advice: "Ask the firmware's vendor for a region of whole pages.",
    each: eachRmrr((one) => {
      if ((one.baseAddress & PAGE_MASK) === 0n || isReversed(one)) return;
      const message = `The ${called(one)} begins at ${hex(one.baseAddress)}, which is not a multiple of 4096.`;
      return aboutField(one, rmrr.at.baseAddress, 8, message);
    }),
  },
  {
    id: 'rmrr-limit-unaligned',
    severity: 'error',
    title: 'A region does not end with a page',
    consequences: [
      bySpecification('the limit address is the last byte of a 4 KiB page'),
      BAD_RMRR,
      FWTS_RANGE,
      onXen('the whole page that the limit lies in is reserved'),
    ],
    advice: "Ask the firmware's vendor for a region of whole pages.",
    each: eachRmrr((one) => {
      const last = one.limitAddress & PAGE_MASK;
      if (last === PAGE_MASK || last === 0n || isReversed(one)) return;
      const message = `The ${called(one)} ends with ${hex(one.limitAddress)}, which is not the last byte of a page.`;
      return aboutField(one, rmrr.at.limitAddress, 8, message);
    }),
  },
  {
    id: 'rmrr-limit-page-boundary',
    severity: 'error',
    title: "A region's limit is the first byte of a page",
    consequences: [
      bySpecification(
        'the limit is inclusive: the last byte of the region, not the first after it',
      ),
      BAD_RMRR,
      FWTS_RANGE,
      onXen('the guest is told of one page less than the region has'),
    ],
    advice:
      "Ask the firmware's vendor for a limit that is the region's last byte; the device may access the page Xen loses.",
    each: eachRmrr((one) => {
      if ((one.limitAddress & PAGE_MASK) !== 0n || isReversed(one)) return;
      const message = `The ${called(one)} has the limit ${hex(one.limitAddress)}, the first byte of a page, so that Xen drops its last page.`;
      return aboutField(one, rmrr.at.limitAddress, 8, message);
    }),
  },
  {
    id: 'rmrr-base-above-limit',
    severity: 'error',
    title: 'A region ends before it begins',
    consequences: [
      bySpecification('the limit is above the base'),
      BAD_RMRR,
      FWTS_RANGE,
      xenWithoutIommu('the whole table is refused with -EFAULT: VT-d is off'),
    ],
    advice: "Ask the firmware's vendor which region is meant.",
    each: eachRmrr((one) => {
      if (!isReversed(one)) return;
      const message = `The ${called(one)} begins at ${hex(one.baseAddress)}, above its limit ${hex(one.limitAddress)}.`;
      return aboutField(one, rmrr.at.baseAddress, 16, message);
    }),
  },
  {
    id: 'rmrr-no-scope',
    severity: 'warning',
    title: 'A region names no device',
    consequences: [
      bySpecification('at least one device is named'),
      onLinux('the region is mapped for nobody'),
      onXen('the region is silently ignored'),
    ],
    advice:
      "Ask the firmware's vendor which device uses the region: it loses access when remapping is on.",
    each: eachRmrr((one) => {
      if (!namesNothing(one)) return;
      return about(one, `The ${called(one)}, ${region(one)}, has no device scope.`);
    }),
  },
  {
    id: 'rmrr-no-pci-scope',
    severity: 'warning',
    title: 'A region names no PCI device',
    consequences: [
      onLinux('only PCI devices and name-space devices get the region'),
      onXen('name-space devices count for none, and the region is silently ignored'),
    ],
    advice: "Ask the firmware's vendor which PCI device uses the region.",
    each: eachRmrr((one) => {
      if (one.deviceScope.length === 0 || one.deviceScope.some(isPciScope)) return;
      const message = `The device scope of the ${called(one)}, ${region(one)}, has ${one.deviceScope.length} entries, but no PCI device.`;
      return about(one, message);
    }),
  },
  {
    id: 'rmrr-overlap',
    severity: 'error',
    title: 'Two regions overlap',
    consequences: [
      bySpecification('regions do not overlap'),
      xenWithoutIommu('the whole table is refused with -EEXIST: VT-d is off'),
    ],
    advice: "Ask the firmware's vendor for one region that names all devices.",
    test: among('RMRR', overlaps),
  },
  {
    id: 'rmrr-beyond-width',
    severity: 'error',
    title: 'A region lies above the host address width',
    consequences: [
      bySpecification('the machine has no such addresses'),
      onLinux('older kernels log "Your BIOS is broken; RMRR exceeds permitted address width"'),
    ],
    advice: "Report it to the firmware's vendor: the region or the width is wrong.",
    each: eachRmrr((one, { table: { header } }) => {
      const highest = isReversed(one) ? one.baseAddress : one.limitAddress;
      if (isAddressable(header, highest)) return;
      const message = `The ${called(one)}, ${region(one)}, reaches above the ${header.hostAddressWidth + 1} bits that addresses have.`;
      return aboutField(one, rmrr.at.baseAddress, 16, message);
    }),
  },
  {
    id: 'rmrr-frame-over-32-bits',
    severity: 'warning',
    title: "A region's first frame or number of pages needs more than 32 bits",
    consequences: [onXen('a 32-bit toolstack gets -ERANGE for the whole map')],
    advice: 'Use a 64-bit toolstack domain.',
    each: eachRmrr((one) => {
      const size = one.limitAddress - one.baseAddress + 1n;
      if (one.baseAddress < FRAME_LIMIT && size < FRAME_LIMIT) return;
      const [first, pages] = [one.baseAddress / PAGE_SIZE, (size + PAGE_MASK) / PAGE_SIZE];
      const message = `The ${called(one)} has ${hex(pages)} pages from frame ${hex(first)} on, which do not fit 32 bits.`;
      return aboutField(one, rmrr.at.baseAddress, 16, message);
    }),
  },
  {
    id: 'rmrr-large',
    severity: 'warning',
    title: 'A region is over 1 GiB',
    consequences: [
      { who: 'Xen', since: '4.6', effect: "the guest's memory is laid out around all of it" },
    ],
    advice:
      "Lower the memory set aside for integrated graphics in the firmware's setup; else expect guests with a large hole.",
    each: eachRmrr((one) => {
      const size = one.limitAddress - one.baseAddress + 1n;
      if (size <= GIB) return;
      const message = `The ${called(one)}, ${region(one)}, has ${(Number(size) / 2 ** 30).toFixed(1)} GiB.`;
      return aboutField(one, rmrr.at.baseAddress, 16, message);
    }),
  },
  {
    id: 'rmrr-shared',
    severity: 'warning',
    title: 'A region is shared by several devices',
    consequences: [
      {
        who: 'Xen',
        since: '4.6',
        effect: 'under rdm_policy=strict none of them can be given to a guest',
      },
    ],
    advice: 'Where one of them is to be given to a guest that is trusted, use rdm_policy=relaxed.',
    each: eachRmrr((one) => {
      const devices = one.deviceScope.filter(countsForXen);
      if (devices.length < 2) return;
      const names = devices.map((scope) => pathOf(one.segment, scope));
      const message = `The ${called(one)}, ${region(one)}, is shared by ${devices.length} devices: ${listed(names)}.`;
      return { ...about(one, message), devices: names };
    }),
  },
  {
    id: 'rmrr-no-unit',
    severity: 'warning',
    title: "No DRHD covers a region's device",
    consequences: [
      bySpecification('the device of a region is under a remapping unit'),
      onLinux('the region has no effect for the device'),
    ],
    advice: "Report it to the firmware's vendor: a unit or a device scope is missing.",
    each: eachRmrr((one, subject) => {
      const { segment } = one;
      if (subject.drhds.length === 0) return;
      if (subject.takingAll.some((unit) => unit.segment === segment)) return;
      const { coverage } = subject;
      const outside = one.deviceScope.filter(
        (scope) => isPciScope(scope) && coverage.of(segment, scope) === 'none',
      );
      if (outside.length === 0) return;
      const names = listed(outside.map((scope) => pathOf(segment, scope)));
      return about(one, `No DRHD covers ${names} of the ${called(one)}, ${region(one)}.`);
    }),
  },
  {
    id: 'rmrr-host-bridge-first',
    severity: 'warning',
    title: "A region's first device is 00:00.0",
    consequences: [
      { who: 'Xen', since: '4.6', effect: 'the region is never reported to any guest' },
    ],
    advice: "Ask the firmware's vendor to name the device that uses the region.",
    each: eachRmrr((one, { host }) => {
      const first = one.deviceScope.find(countsForXen);
      if (first === undefined) return;
      const { startBusNumber: bus, path } = first;
      const [device, func] = path[0] ?? [];
      const named =
        path.length > 1 ? host.pci?.resolvePath(one.segment, bus, path) : { bus, device, func };
      if (named?.bus !== 0 || named.device !== 0 || named.func !== 0) return;
      const message = `The first device of the ${called(one)}, ${region(one)}, is 00:00.0, at offset ${first.offset}.`;
      return about(first, message);
    }),
  },
];

/**
 * Pairs of overlapping regions, one for each region that overlaps any; in n log n steps. One that ends
 * before it begins overlaps what is around it, as Xen has it (dmar.c, acpi_parse_one_rmrr).
 */
function overlaps(rmrrs: readonly Rmrr[]): Remark[] {
  const remarks: Remark[] = [];
  const sorted = [...rmrrs].sort(
    (a, b) =>
      compare(lowest(a), lowest(b)) ||
      Number(isReversed(a)) - Number(isReversed(b)) ||
      a.offset - b.offset,
  );
  // Of the regions swept so far, that which reaches highest: if any overlaps the next one, it does.
  let highest: Rmrr | null = null;
  for (const one of sorted) {
    if (highest !== null && one.baseAddress <= highest.limitAddress) {
      const [first, second] = one.offset < highest.offset ? [one, highest] : [highest, one];
      const message = `The ${called(second)}, ${region(second)}, overlaps the ${called(first)}, ${region(first)}.`;
      remarks.push(aboutField(second, rmrr.at.baseAddress, 16, message));
    }
    if (isReversed(one)) continue;
    if (highest === null || one.limitAddress > highest.limitAddress) highest = one;
  }
  return remarks;
}

const lowest = (one: Rmrr): bigint => (isReversed(one) ? one.limitAddress : one.baseAddress);

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
