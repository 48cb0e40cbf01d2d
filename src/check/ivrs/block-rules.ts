import { type Ivhd, ivhd11 } from '../../acpi/ivrs/ivhd.js';
import { ivmd } from '../../acpi/ivrs/ivmd.js';
import { hex } from '../../base/hex.js';
import { formatSbdf, sbdfOf } from '../../base/sbdf.js';
import { bySpecification, onLinux, onXen, xenWithoutIommu } from '../consequence.js';
import { reservedBits } from '../reserved.js';
import type { Remark, Rule } from '../rule.js';
import { about, aboutField } from '../wording.js';
import type { Subject } from './subject.js';
import { ivhdName, XEN_REFUSES } from './wording.js';

const UPDATE = 'Update the firmware; else report it to the vendor.';
const IVHD_AT = ivhd11.at;

/** Bytes that Xen wants of every IVHD of its form, even one of type 10h, whose fixed part has 24. */
const XEN_LEAST = 40;

/** What tells an IOMMU from others. */
const iommuKey = ({ segment, deviceId, capabilityOffset, baseAddress }: Ivhd): string =>
  [segment, deviceId, capabilityOffset, baseAddress].join(' ');

const iommuName = ({ segment, deviceId }: Ivhd): string => formatSbdf(sbdfOf(segment, deviceId));

/** Rules about blocks of every type, and about IVHDs. */
export const BLOCK_RULES: readonly Rule<Subject>[] = [
  {
    id: 'ivrs-block-length-zero',
    severity: 'error',
    title: 'A block claims a length of 0 bytes',
    consequences: [
      onLinux('what follows is lost, or the kernel reads no further'),
      xenWithoutIommu('the hypervisor loops for ever at boot'),
    ],
    advice: 'Boot Xen with iommu=off,no-intremap, and update the firmware.',
  },
  {
    id: 'ivrs-block-length-short',
    severity: 'error',
    title: 'A block is shorter than its type needs',
    consequences: [
      bySpecification('an IVHD has 24 or 40 bytes before its entries, an IVMD has 32'),
      XEN_REFUSES,
    ],
    advice: UPDATE,
  },
  {
    id: 'ivrs-block-length-overrun',
    severity: 'error',
    title: 'A block runs past the end of the table',
    consequences: [onLinux('what lies behind the table is read as its entries'), XEN_REFUSES],
    advice: 'Take the table again, whole; if it is whole, update the firmware.',
  },
  {
    id: 'ivrs-block-header-truncated',
    severity: 'error',
    title: 'The table ends inside the header of a block',
    consequences: [bySpecification('a block has at least its type, flags and length')],
    advice: 'Take the table again, whole; if it is whole, update the firmware.',
  },
  {
    id: 'ivrs-block-unknown-type',
    severity: 'info',
    title: 'A block has a type that the specification does not have',
    consequences: [onLinux('the block is skipped'), onXen('the block is skipped')],
    advice: 'Nothing; firmware of some vendors adds blocks of its own.',
  },
  {
    id: 'ivrs-block-reserved',
    severity: 'warning',
    title: 'Reserved bits or bytes of a block are set',
    consequences: [
      bySpecification('reserved fields must be 0; a later revision may give them meaning'),
    ],
    advice: 'Ask the firmware vendor to clear them.',
    *test({ ivmds }) {
      // Those of IVHDs are set by nearly all firmware, as they are in type 10h.
      for (const { block } of ivmds) {
        yield* reservedBits(ivmd, block, block, () => `The IVMD at offset ${block.offset}`);
      }
    },
  },
  {
    id: 'ivrs-ivhd-short-for-xen',
    severity: 'warning',
    title: 'An IVHD has fewer than 40 bytes',
    consequences: [XEN_REFUSES],
    advice: 'Ask the firmware vendor for padding entries, up to 40 bytes.',
    *test({ xenIvhds }) {
      for (const block of xenIvhds) {
        if (block.length >= XEN_LEAST) continue;
        const message = `The ${ivhdName(block)} has ${block.length} bytes; its type allows them, but Xen wants ${XEN_LEAST}.`;
        yield aboutField(block, IVHD_AT.length, 2, message);
      }
    },
  },
  {
    id: 'ivrs-ivhd-zero',
    severity: 'error',
    title: 'An IVHD leaves its IOMMU without device ID, capability or registers',
    consequences: [
      bySpecification('an IOMMU is a PCI function with registers in memory'),
      XEN_REFUSES,
    ],
    advice: UPDATE,
    *test({ ivhds }) {
      for (const block of ivhds) {
        for (const [field, width] of [
          ['deviceId', 2],
          ['capabilityOffset', 2],
          ['baseAddress', 8],
        ] as const) {
          if (BigInt(block[field]) !== 0n) continue;
          const message = `The ${ivhdName(block)} has 0 as its ${field}, at offset ${block.offset + IVHD_AT[field]}.`;
          yield aboutField(block, IVHD_AT[field], width, message);
        }
      }
    },
  },
  {
    id: 'ivrs-ivhd-base-unaligned',
    severity: 'error',
    title: 'The registers of an IOMMU do not begin on a 16 KiB boundary',
    consequences: [bySpecification('the register block has 16 KiB and is aligned to them')],
    advice: UPDATE,
    *test({ ivhds }) {
      for (const block of ivhds) {
        if ((block.baseAddress & 0x3fffn) === 0n) continue;
        const message = `The ${ivhdName(block)} has the base address ${hex(block.baseAddress)}, which is not a multiple of 16384.`;
        yield aboutField(block, IVHD_AT.baseAddress, 8, message);
      }
    },
  },
  {
    id: 'ivrs-ivhd-duplicate',
    severity: 'error',
    title: 'Two IVHDs of one form describe the same IOMMU',
    consequences: [
      bySpecification('each form describes an IOMMU once'),
      onXen('there are two IOMMUs with the same registers, of which the first is found later'),
    ],
    advice: UPDATE,
    *test({ ivhds }) {
      const firsts = new Map<string, Ivhd>();
      for (const block of ivhds) {
        const key = `${block.type} ${block.segment} ${block.deviceId} ${block.capabilityOffset}`;
        const first = firsts.get(key);
        if (first === undefined) firsts.set(key, block);
        else {
          const message = `The ${ivhdName(block)} describes the IOMMU ${iommuName(block)}, as the one at offset ${first.offset} does.`;
          yield about(block, message);
        }
      }
    },
  },
  {
    id: 'ivrs-ivhd-forms-differ',
    severity: 'warning',
    title: 'The forms of one IOMMU name different devices',
    consequences: [
      bySpecification('each form tells of the same devices'),
      onLinux('the highest form counts: 40h, else 11h, else 10h'),
      onXen('type 11h counts where EFRSup is set, else 10h'),
    ],
    advice: UPDATE,
    test: differingForms,
  },
];

/** Pairs of forms of an IOMMU that do not put the same devices behind it; ACPI devices aside, which only 40h has. */
function* differingForms(subject: Subject): Generator<Remark> {
  const firsts = new Map<string, { block: Ivhd; devices: string }>();
  for (const block of subject.ivhds) {
    const devices = subject
      .rangesOf(block)
      .filter(({ entry }) => !('uid' in entry))
      .map(({ first, last, sourceDeviceId }) => `${first}-${last} as ${sourceDeviceId}`)
      .sort()
      .join();
    const key = iommuKey(block);
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, { block, devices });
    else if (first.devices !== devices && first.block.type !== block.type) {
      const message = `The ${ivhdName(block)} puts other devices behind the IOMMU ${iommuName(block)} than the ${ivhdName(first.block)}.`;
      yield about(block, message);
    }
  }
}
