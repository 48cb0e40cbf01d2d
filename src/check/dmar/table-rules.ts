import { SCOPE_IOAPIC } from '../../acpi/dmar/device-scope.js';
import { DMAR_FLAGS, dmarHeader, hostAddressWidthBits } from '../../acpi/dmar/header.js';
import { hasFlag } from '../../acpi/layout.js';
import { hex } from '../../base/hex.js';
import { byAcpi, bySpecification, onLinux, onXen, xenWithoutIommu } from '../consequence.js';
import { reservedBits } from '../reserved.js';
import type { Remark, Rule } from '../rule.js';
import { aboutField } from '../wording.js';
import { linuxLogs } from './consequence.js';
import type { Subject } from './subject.js';
import { isUsableWidth } from './width.js';

const HEADER = { offset: 0 };

/** What comes of an I/O APIC that no unit names. */
export const UNMAPPED_IO_APIC: Pick<Rule, 'consequences' | 'advice'> = {
  consequences: [
    onLinux(
      'the kernel logs "ioapic … has no mapping iommu, interrupt remapping will be disabled"',
    ),
    onXen('interrupt remapping is not used'),
  ],
  advice: "Ask the firmware's vendor to name every I/O APIC in the device scope of its unit.",
};

/** Rules about the table as a whole and its header. */
export const TABLE_RULES: readonly Rule<Subject>[] = [
  {
    id: 'table-header-truncated',
    severity: 'error',
    title: 'The table ends inside its header',
    consequences: [
      bySpecification('the header has 48 bytes'),
      { who: 'fwts', effect: 'the dmar test fails with InvalidDMAR' },
      onLinux('the kernel finds no remapping hardware'),
      onXen('what lies behind the table is read as its header'),
    ],
    advice:
      'Take the table again, whole; if the firmware hands it out like this, update the firmware.',
  },
  {
    id: 'table-signature',
    severity: 'error',
    title: 'The signature is none a DMAR table is found under',
    consequences: [byAcpi('tables are found by their signature, so this one is not found at all')],
    advice: 'Make sure that this is the DMAR table and not another one, or part of a dump.',
  },
  {
    id: 'table-length-beyond-bytes',
    severity: 'error',
    title: 'The header claims more bytes than there are',
    consequences: [
      byAcpi("the checksum is taken over memory that is not the table's"),
      onLinux('what lies behind the table is read as structures'),
      xenWithoutIommu(
        'what lies behind the table is read as structures, most likely until one is refused',
      ),
    ],
    advice:
      'Take the table again, whole: a dump was most likely cut off. Where the firmware itself is at fault, only its vendor can mend it.',
  },
  {
    id: 'table-length-short',
    severity: 'error',
    title: 'The header claims fewer bytes than it has itself',
    consequences: [
      bySpecification("the length includes the header's 48 bytes"),
      onLinux('no structure is found, so no remapping hardware is used'),
      xenWithoutIommu('no unit is found, so VT-d stays off'),
    ],
    advice: "Ask the firmware's vendor for a table whose length field is right.",
  },
  {
    id: 'table-trailing-bytes',
    severity: 'warning',
    title: 'Bytes follow the end that the header claims',
    consequences: [byAcpi('they are no part of the table, and nobody reads them')],
    advice:
      "Make sure that the file holds one table only; if structures stand there, the firmware's length field is wrong.",
  },
  {
    id: 'table-checksum',
    severity: 'warning',
    title: 'The checksum is wrong',
    consequences: [
      byAcpi('all bytes of a table must add up to 0 modulo 256'),
      onLinux('the kernel logs "Incorrect checksum in table [DMAR]" and goes on'),
      onXen('the hypervisor warns and goes on'),
    ],
    advice:
      "Make sure that the table was not altered on its way; else report it to the firmware's vendor.",
  },
  {
    id: 'table-address-width-too-small',
    severity: 'error',
    title: 'The host address width is below 12 bits',
    consequences: [
      bySpecification('the field holds the number of address bits less one'),
      onLinux('the kernel logs "Invalid DMAR haw" and uses no remapping hardware'),
      xenWithoutIommu('a width field of 0 refuses the table: VT-d is off'),
    ],
    advice: "Ask the firmware's vendor for a table that names the machine's real address width.",
    test({ table: { header } }) {
      if (isUsableWidth(header)) return;
      return aboutField(
        HEADER,
        dmarHeader.at.hostAddressWidth,
        1,
        `The host address width at offset ${dmarHeader.at.hostAddressWidth} is ${header.hostAddressWidth}, that is ${hostAddressWidthBits(header.hostAddressWidth)}: not even one page.`,
      );
    },
  },
  {
    id: 'table-address-width-implausible',
    severity: 'warning',
    title: 'An address width is one no machine has',
    consequences: [
      bySpecification(
        'x86 processors address 32 to 52 bits of physical memory, and a unit says in its registers how many it translates',
      ),
      linuxLogs(
        'No supported address widths',
        'where the registers are not at their base, they most likely read 0: the kernel says that the unit has "No supported address widths", and does without it',
        { since: '5.10' },
      ),
    ],
    advice:
      'Compare it with "address sizes" in /proc/cpuinfo and report it to the firmware\'s vendor.',
    test({ table: { header }, deadUnits }) {
      const bits = header.hostAddressWidth + 1;
      const isPlausible = !isUsableWidth(header) || (bits >= 32 && bits <= 52);
      if (isPlausible && deadUnits.length === 0) return;
      const dead = deadUnits.map(({ offset, base }): Remark => {
        const message = `The registers of the DRHD at offset ${offset} cannot be at ${hex(base)}, where it has them: software that reads the address widths of the unit there finds none.`;
        return { offset, length: 4, message, severity: 'info' };
      });
      if (isPlausible) return dead;
      const message = `The host address width at offset ${dmarHeader.at.hostAddressWidth} is ${header.hostAddressWidth}, that is ${bits} bits; machines have 32 to 52.`;
      return [...dead, aboutField(HEADER, dmarHeader.at.hostAddressWidth, 1, message)];
    },
  },
  {
    id: 'table-reserved',
    severity: 'warning',
    title: 'Reserved bits or bytes of the header are set',
    consequences: [
      bySpecification('reserved fields must be 0; a later revision may give them meaning'),
    ],
    advice: "Ask the firmware's vendor to clear them.",
    test({ table: { header } }) {
      return reservedBits(dmarHeader, header, HEADER, () => 'The header');
    },
  },
  {
    id: 'table-x2apic-opt-out',
    severity: 'info',
    title: 'The firmware asks software not to use x2APIC',
    consequences: [
      onLinux('x2APIC stays off unless the kernel is told intremap=no_x2apic_optout'),
      onXen('x2APIC stays off'),
    ],
    advice:
      'Nothing, if the machine has fewer than 255 logical processors; else look for a firmware setting.',
    test({ table: { header } }) {
      if (!hasFlag(header.flags, DMAR_FLAGS, 'X2APIC_OPT_OUT')) return;
      return aboutField(
        HEADER,
        dmarHeader.at.flags,
        1,
        `The flags at offset ${dmarHeader.at.flags} have X2APIC_OPT_OUT set.`,
      );
    },
  },
  {
    id: 'table-no-io-apic',
    severity: 'warning',
    title: 'Interrupt remapping is promised, but no unit has an I/O APIC',
    ...UNMAPPED_IO_APIC,
    test({ table: { header }, drhds }) {
      if (!hasFlag(header.flags, DMAR_FLAGS, 'INTR_REMAP') || drhds.length === 0) return;
      if (drhds.some((unit) => unit.deviceScope.some(({ type }) => type === SCOPE_IOAPIC))) return;
      return aboutField(
        HEADER,
        dmarHeader.at.flags,
        1,
        `The flags at offset ${dmarHeader.at.flags} have INTR_REMAP set, but no DRHD's device scope has an I/O APIC.`,
      );
    },
  },
];
