import { IV_INFO, ivrsHeader } from '../../acpi/ivrs/header.js';
import { bitsOf } from '../../acpi/layout.js';
import { byAcpi, bySpecification, onLinux, onXen } from '../consequence.js';
import { reservedBits } from '../reserved.js';
import type { Rule } from '../rule.js';
import { aboutField } from '../wording.js';
import type { Subject } from './subject.js';
import { XEN_REFUSES } from './wording.js';

const HEADER = { offset: 0 };
const RESERVED = 'reserved fields must be 0; a later revision may give them meaning';
const TAKE_AGAIN =
  'Take the table again, whole; if the firmware hands it out like this, update the firmware.';
const UPDATE = 'Update the firmware; else report it to the vendor.';

/** Rules about the table as a whole and its header. */
export const TABLE_RULES: readonly Rule<Subject>[] = [
  {
    id: 'ivrs-table-header-truncated',
    severity: 'error',
    title: 'The table ends inside its header',
    consequences: [bySpecification('the header has 48 bytes')],
    advice: TAKE_AGAIN,
  },
  {
    id: 'ivrs-table-signature',
    severity: 'error',
    title: 'The signature is not IVRS',
    consequences: [byAcpi('tables are found by their signature, so this one is not found at all')],
    advice: 'Make sure that this is the IVRS table and not another one, or part of a dump.',
  },
  {
    id: 'ivrs-table-length-beyond-bytes',
    severity: 'error',
    title: 'The header claims more bytes than there are',
    consequences: [
      byAcpi('the checksum is taken over memory that is not part of the table'),
      XEN_REFUSES,
    ],
    advice: TAKE_AGAIN,
  },
  {
    id: 'ivrs-table-length-short',
    severity: 'error',
    title: 'The header claims fewer bytes than it has itself',
    consequences: [bySpecification('the length includes the 48 bytes of the header'), XEN_REFUSES],
    advice: UPDATE,
  },
  {
    id: 'ivrs-table-trailing-bytes',
    severity: 'warning',
    title: 'Bytes follow the end that the header claims',
    consequences: [byAcpi('they are not part of the table, and no system reads them')],
    advice: 'Make sure that the file holds one table only.',
  },
  {
    id: 'ivrs-table-checksum',
    severity: 'error',
    title: 'The checksum is wrong',
    consequences: [
      byAcpi('all bytes of a table must add up to 0 modulo 256'),
      onLinux('the kernel logs "[Firmware Bug]: IVRS invalid checksum" and uses no IOMMU'),
      XEN_REFUSES,
    ],
    advice: 'Make sure that the table was not altered on its way; else update the firmware.',
  },
  {
    id: 'ivrs-table-reserved',
    severity: 'warning',
    title: 'Reserved bits or bytes of the header are set',
    consequences: [bySpecification(RESERVED)],
    advice: 'Ask the firmware vendor to clear them.',
    *test({ table: { header } }) {
      yield* reservedBits(ivrsHeader, header, HEADER, () => 'The header');
    },
  },
  {
    id: 'ivrs-address-size',
    severity: 'warning',
    title: 'An address size of IVinfo is one no machine has',
    consequences: [
      bySpecification('physical addresses have 32 to 52 bits, DMA addresses 32 to 64'),
      onXen('regions above the smaller of the two sizes are ignored'),
    ],
    advice: UPDATE,
    *test({ table: { header } }) {
      const at = ivrsHeader.at.ivInfo;
      for (const [name, most] of [
        ['PASize', 52],
        ['VASize', 64],
      ] as const) {
        const bits = bitsOf(header.ivInfo, IV_INFO, name);
        if (bits >= 32 && bits <= most) continue;
        const message = `IVinfo at offset ${at} gives ${name} as ${bits} bits; machines have 32 to ${most}.`;
        yield aboutField(HEADER, at, 4, message);
      }
    },
  },
  {
    id: 'ivrs-no-ivhd',
    severity: 'error',
    title: 'The table has no IVHD',
    consequences: [
      bySpecification('each IOMMU has at least one'),
      onLinux('no IOMMU is used'),
      XEN_REFUSES,
    ],
    advice:
      'Look in the firmware setup whether the IOMMU is switched off; else update the firmware.',
    *test({ ivhds, table: { header } }) {
      if (ivhds.length > 0 || header.length < ivrsHeader.fixedLength) return;
      const message = `None of the blocks in the table's ${header.length} bytes, from offset ${ivrsHeader.fixedLength} on, is an IVHD.`;
      yield { offset: 0, length: ivrsHeader.fixedLength, message };
    },
  },
  {
    id: 'ivrs-no-ivhd-for-xen',
    severity: 'error',
    title: 'The IVHDs have forms that Xen does not know',
    consequences: [
      bySpecification('older software needs a block of type 10h for each IOMMU'),
      XEN_REFUSES,
    ],
    advice: 'Ask the firmware vendor for blocks of type 10h or 11h beside those there are.',
    *test({ ivhds, xenIvhds }) {
      const [first] = ivhds;
      if (first === undefined || xenIvhds.length > 0) return;
      const message = `The first IVHD, at offset ${first.offset}, has type ${first.type.toString(16)}h, and none has type 10h, or 11h with EFRSup set in IVinfo.`;
      yield aboutField(first, 0, 1, message);
    },
  },
];
