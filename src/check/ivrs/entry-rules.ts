import {
  type DeviceEntry,
  ENTRY,
  ENTRY_NAMES,
  entryLayout,
  plainEntry,
  specialEntry,
  VARIETY,
} from '../../acpi/ivrs/device-entry.js';
import { deviceIdText } from '../../acpi/ivrs/device-id.js';
import { type DeviceRange, isRangeStart } from '../../acpi/ivrs/device-range.js';
import { IVHD_TYPE, type Ivhd } from '../../acpi/ivrs/ivhd.js';
import { hex } from '../../base/hex.js';
import { bySpecification, onLinux, onXen, xenWithoutIommu } from '../consequence.js';
import { reservedBits } from '../reserved.js';
import type { Remark, Rule } from '../rule.js';
import { about, aboutField, listed } from '../wording.js';
import type { Subject } from './subject.js';
import { entryName, ivhdName, placeOf, XEN_REFUSES } from './wording.js';

const UPDATE = 'Update the firmware; else report it to the vendor.';

/** The device ID of the south bridge, 00:14.0, where Linux and Xen look for an I/O APIC. */
const SOUTH_BRIDGE = 0xa0;

/** A rule's test that looks at each entry of each IVHD. */
const each = (test: (entry: DeviceEntry, ivhd: Ivhd, i: number) => Remark | undefined) =>
  function* ({ ivhds }: Subject): Generator<Remark> {
    for (const ivhd of ivhds) {
      for (const [i, entry] of ivhd.deviceEntries.entries()) {
        const remark = test(entry, ivhd, i);
        if (remark !== undefined) yield remark;
      }
    }
  };

/** A rule's test that looks at each range of devices that has both ends. */
const eachRange = (isWrong: (range: DeviceRange) => boolean, clause: string) =>
  function* (subject: Subject): Generator<Remark> {
    for (const ivhd of subject.ivhds) {
      for (const range of subject.rangesOf(ivhd)) {
        if (range.end === null || !isWrong(range)) continue;
        const [first, last] = [deviceIdText(range.first), deviceIdText(range.last)];
        const message = `The range from ${first} to ${last} at offset ${range.entry.offset} of the ${ivhdName(ivhd)} ${clause}.`;
        const length = range.end.offset + plainEntry.fixedLength - range.entry.offset;
        yield about({ offset: range.entry.offset, length }, message);
      }
    }
  };

const XEN_NO_REMAPPING =
  'the table is refused with -ENXIO unless interrupt remapping is off: the IOMMU is off';
const LINUX_NO_REMAPPING = 'interrupt remapping is disabled';

/** Rules about device entries. */
export const ENTRY_RULES: readonly Rule<Subject>[] = [
  {
    id: 'ivrs-entry-overrun',
    severity: 'error',
    title: 'A device entry runs past the end of its block',
    consequences: [onLinux('bytes of the next block are read as part of the entry'), XEN_REFUSES],
    advice: UPDATE,
  },
  {
    id: 'ivrs-entry-truncated',
    severity: 'error',
    title: 'A block ends inside the first four bytes of a device entry',
    consequences: [
      bySpecification('the shortest entry has 4 bytes'),
      onXen('the bytes are ignored'),
    ],
    advice: UPDATE,
  },
  {
    id: 'ivrs-entry-unknown-type',
    severity: 'error',
    title: 'A device entry has a type that the specification does not have',
    consequences: [onLinux('the entry is skipped'), XEN_REFUSES],
    advice: UPDATE,
    test: each((entry, ivhd) => {
      if (entry.type in ENTRY_NAMES) return;
      const message = `The device entry at offset ${entry.offset} of the ${ivhdName(ivhd)} has type ${hex(entry.type, 2)}, which is not known.`;
      return aboutField(entry, 0, 1, message);
    }),
  },
  {
    id: 'ivrs-entry-all',
    severity: 'warning',
    title: 'A device entry is for all devices',
    consequences: [XEN_REFUSES],
    advice: 'Ask the firmware vendor for a range of devices, which all systems know.',
    test: each((entry, ivhd) => {
      if (entry.type !== ENTRY.all) return;
      const message = `The ${entryName(entry)} of the ${ivhdName(ivhd)} is of type 01h, which Xen does not know.`;
      return about(placeOf(entry), message);
    }),
  },
  {
    id: 'ivrs-entry-acpi-misplaced',
    severity: 'error',
    title: 'An ACPI device stands in a block that is not of type 40h',
    consequences: [
      bySpecification('only blocks of type 40h have entries of variable length'),
      XEN_REFUSES,
    ],
    advice: UPDATE,
    test: each((entry, ivhd) => {
      if (entry.type !== ENTRY.acpi || ivhd.type === IVHD_TYPE.acpi) return;
      const message = `The device entry at offset ${entry.offset} of the ${ivhdName(ivhd)} is an ACPI device, which only blocks of type 40h may have.`;
      return about(placeOf(entry), message);
    }),
  },
  {
    id: 'ivrs-entry-uid',
    severity: 'info',
    title:
      'The unique ID of an ACPI device has a length or format that the specification does not have',
    consequences: [
      bySpecification('an integer has 8 bytes; formats 0 to 2 are known'),
      onLinux('the device is not matched, or the rest of the block is misread'),
    ],
    advice:
      'Report it to the firmware vendor; devices that are not PCI functions are affected alone.',
    test: each((entry, ivhd) => {
      if (!('uidFormat' in entry)) return;
      const { uidFormat, uidLength, offset } = entry;
      if (uidFormat === 2 || uidLength === [0, 8][uidFormat]) return;
      const message = `The ACPI device at offset ${offset} of the ${ivhdName(ivhd)} has a unique ID of format ${uidFormat} and ${uidLength} bytes.`;
      return about(placeOf(entry), message);
    }),
  },
  {
    id: 'ivrs-entry-reserved',
    severity: 'warning',
    title: 'Reserved bits or bytes of a device entry are set',
    consequences: [
      bySpecification('reserved fields must be 0; a later revision may give them meaning'),
    ],
    advice: 'Ask the firmware vendor to clear them.',
    *test({ ivhds }) {
      for (const ivhd of ivhds) {
        for (const entry of ivhd.deviceEntries) {
          if (entry.type === ENTRY.padding || entry.type === ENTRY.padding8) continue;
          const what = () => `The device entry at offset ${entry.offset} of the ${ivhdName(ivhd)}`;
          yield* reservedBits(entryLayout(entry.type), entry, entry, what);
          if (entry.type === ENTRY.special && entry.deviceId !== 0) {
            const message = `${what()} is a special device, but has the device ID ${hex(entry.deviceId)}.`;
            yield aboutField(entry, plainEntry.at.deviceId, 2, message);
          }
        }
      }
    },
  },
  {
    id: 'ivrs-range-no-end',
    severity: 'error',
    title: 'A start of a range is not followed by its end',
    consequences: [bySpecification('the next entry is the end of the range'), XEN_REFUSES],
    advice: UPDATE,
    test: each((entry, ivhd, i) => {
      if (!isRangeStart(entry) || ivhd.deviceEntries[i + 1]?.type === ENTRY.rangeEnd) return;
      const message = `The ${entryName(entry)} of the ${ivhdName(ivhd)} begins a range at ${deviceIdText(entry.deviceId)} that has no end.`;
      return about(placeOf(entry), message);
    }),
  },
  {
    id: 'ivrs-range-no-start',
    severity: 'error',
    title: 'An end of a range does not follow a start',
    consequences: [bySpecification('the entry before it is the start of the range'), XEN_REFUSES],
    advice: UPDATE,
    test: each((entry, ivhd, i) => {
      const before = ivhd.deviceEntries[i - 1];
      if (entry.type !== ENTRY.rangeEnd || (before !== undefined && isRangeStart(before))) return;
      const message = `The ${entryName(entry)} of the ${ivhdName(ivhd)} ends a range at ${deviceIdText(entry.deviceId)} that has no start.`;
      return about(placeOf(entry), message);
    }),
  },
  {
    id: 'ivrs-range-backwards',
    severity: 'error',
    title: 'A range of devices ends before it begins',
    consequences: [onLinux('no device is put behind the IOMMU by it'), XEN_REFUSES],
    advice: UPDATE,
    test: eachRange(({ first, last }) => last < first, 'ends before it begins'),
  },
  {
    id: 'ivrs-range-single',
    severity: 'warning',
    title: 'A range of devices holds one device',
    consequences: [XEN_REFUSES],
    advice: 'Ask the firmware vendor for an entry of one device, type 02h.',
    test: eachRange(({ first, last }) => last === first, 'holds one device, which Xen refuses'),
  },
  {
    id: 'ivrs-special-variety',
    severity: 'error',
    title: 'A special device is neither an I/O APIC nor an HPET',
    consequences: [onLinux('the entry is skipped'), XEN_REFUSES],
    advice: UPDATE,
    test: each((entry, ivhd) => {
      if (!('variety' in entry)) return;
      const { variety, offset } = entry;
      if (variety === VARIETY.ioApic || variety === VARIETY.hpet) return;
      const message = `The special device at offset ${offset} of the ${ivhdName(ivhd)} has variety ${variety}; 1 and 2 are known.`;
      return aboutField(entry, specialEntry.at.variety, 1, message);
    }),
  },
  {
    id: 'ivrs-io-apic-duplicate',
    severity: 'error',
    title: 'Two device entries are for one I/O APIC',
    consequences: [
      bySpecification('each I/O APIC issues its requests under one ID'),
      xenWithoutIommu(
        'at different IDs the table is refused with -ENODEV: the IOMMU is off; else a warning is logged',
      ),
    ],
    advice: UPDATE,
    *test({ ioApics }) {
      const firsts = new Map<number, DeviceEntry>();
      for (const { ivhd, entry } of ioApics) {
        const first = firsts.get(entry.handle);
        if (first === undefined) firsts.set(entry.handle, entry);
        else {
          const message = `The special device at offset ${entry.offset} of the ${ivhdName(ivhd)} is the I/O APIC ${entry.handle}, as the one at offset ${first.offset} is.`;
          yield about(placeOf(entry), message);
        }
      }
    },
  },
  {
    id: 'ivrs-io-apic-south-bridge',
    severity: 'error',
    title: 'No I/O APIC is at 00:14.0, the south bridge',
    consequences: [
      onLinux(`the kernel logs "No southbridge IOAPIC found", and ${LINUX_NO_REMAPPING}`),
      xenWithoutIommu(XEN_NO_REMAPPING),
    ],
    advice: 'Give the right address to Xen and Linux with ivrs_ioapic, and update the firmware.',
    *test({ xenIvhds, ioApics }) {
      const [first] = xenIvhds;
      if (first === undefined) return;
      if (ioApics.some(({ entry }) => entry.sourceDeviceId === SOUTH_BRIDGE)) return;
      const which = ioApics.map(
        ({ entry }) => `${entry.handle} at ${deviceIdText(entry.sourceDeviceId)}`,
      );
      const there =
        which.length === 0 ? 'names no I/O APIC' : `names the I/O APICs ${listed(which)}`;
      yield about(
        first,
        `The ${ivhdName(first)}, with those of its form, ${there}, but none at 00:14.0.`,
      );
    },
  },
  {
    id: 'ivrs-io-apic-missing',
    severity: 'error',
    title: 'An I/O APIC of the machine is in no IVHD',
    needs: 'ioApics',
    consequences: [
      onLinux(`the kernel logs "not in IVRS table", and ${LINUX_NO_REMAPPING}`),
      xenWithoutIommu(XEN_NO_REMAPPING),
    ],
    advice: 'Name it to Xen and Linux with ivrs_ioapic, and update the firmware.',
    *test({ xenIvhds, ioApics, host }) {
      const [first] = xenIvhds;
      const named = new Set(ioApics.map(({ entry }) => entry.handle));
      const missing = (host.ioApics ?? []).filter((id) => !named.has(id));
      if (first === undefined || missing.length === 0) return;
      const message = `The ${ivhdName(first)}, with those of its form, does not name the I/O APIC ${listed(missing.map(String))}, which the MADT lists.`;
      yield about(first, message);
    },
  },
  {
    id: 'ivrs-io-apic-unknown',
    severity: 'error',
    title: 'An IVHD names an I/O APIC that the machine does not have',
    needs: 'ioApics',
    consequences: [XEN_REFUSES],
    advice: 'Update the firmware; interrupt remapping can be switched off with iommu=no-intremap.',
    *test({ ioApics, host }) {
      for (const { ivhd, entry } of ioApics) {
        if (host.ioApics === null || host.ioApics.includes(entry.handle)) continue;
        const message = `The special device at offset ${entry.offset} of the ${ivhdName(ivhd)} is the I/O APIC ${entry.handle}, which the MADT does not list.`;
        yield about(placeOf(entry), message);
      }
    },
  },
];
