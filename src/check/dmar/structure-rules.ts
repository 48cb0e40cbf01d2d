import {
  deviceScope,
  isPciScope,
  SCOPE_ACPI_DEVICE,
  SCOPE_HPET,
  SCOPE_IOAPIC,
  scopeTypeName,
} from '../../acpi/dmar/device-scope.js';
import { DMAR } from '../../acpi/dmar/dmar.js';
import { drhd } from '../../acpi/dmar/drhd.js';
import { rhsa } from '../../acpi/dmar/rhsa.js';
import { layoutOf } from '../../acpi/table-layout.js';
import { hex } from '../../base/hex.js';
import { bySpecification, onLinux, onXen, xenWithoutIommu } from '../consequence.js';
import { reservedBits } from '../reserved.js';
import type { Remark, Rule } from '../rule.js';
import { about, aboutField, called } from '../wording.js';
import { fwtsSays, linuxGoesOn, linuxLogs, linuxStops } from './consequence.js';
import { eachOf, eachScope, eachStructure } from './each.js';
import { pathOf } from './path.js';
import type { Subject } from './subject.js';

const XEN_REFUSES = 'the whole table is refused with -EINVAL: VT-d is off';

/** Rules about remapping structures of every type. */
export const STRUCTURE_RULES: readonly Rule<Subject>[] = [
  {
    id: 'structure-length-zero',
    severity: 'error',
    title: 'A structure claims a length of 0 bytes',
    consequences: [
      linuxStops(
        'structure-loop',
        'the kernel stops reading there, then looks for name-space devices in a loop without end, and never comes up',
      ),
      linuxGoesOn('structure-loop', 'the kernel stops reading there: what follows is lost'),
      fwtsSays('hang', 'the dmar test never ends'),
      xenWithoutIommu(XEN_REFUSES),
    ],
    advice: 'Ask the firmware vendor for a table with correct structure lengths.',
  },
  {
    id: 'structure-length-short',
    severity: 'error',
    title: 'A structure is shorter than its type needs',
    consequences: [
      bySpecification('every type has a fixed part that must be there'),
      onLinux("bytes of the next structure are read as this one's"),
      linuxLogs(
        'bad RMRR',
        'the kernel logs "Your BIOS is broken; bad RMRR" of a region read so, and uses it nevertheless',
        { since: '5.6' },
      ),
      linuxLogs(
        'RHSA refers to non-existent',
        'the kernel logs "RHSA refers to non-existent DMAR unit" of an RHSA read so',
      ),
      xenWithoutIommu(XEN_REFUSES),
    ],
    advice: 'Ask the firmware vendor for a table with correct structure lengths.',
  },
  {
    id: 'structure-length-overrun',
    severity: 'error',
    title: 'A structure runs past the end of the table',
    consequences: [
      onLinux('the kernel logs "Record passes table end" and uses no remapping hardware'),
      xenWithoutIommu(
        'what lies behind the table is read as device scopes, and may get it refused',
      ),
    ],
    advice:
      "Make sure that the dump is whole; else ask the firmware's vendor for a table with right lengths.",
  },
  {
    id: 'structure-header-truncated',
    severity: 'error',
    title: "The table ends inside a structure's first four bytes",
    consequences: [
      onLinux('the length is read from behind the table'),
      xenWithoutIommu(
        'the length is read from behind the table, which most likely gets it refused',
      ),
    ],
    advice:
      "Make sure that the dump is whole; else ask the firmware's vendor for a table with right lengths.",
  },
  {
    id: 'structure-unknown-type',
    severity: 'info',
    title: 'A structure has a type that the specification reserves',
    consequences: [
      bySpecification('software must skip it by its length'),
      onLinux('the kernel skips it; with debugging on it says "Unknown DMAR structure type"'),
      onXen('the hypervisor skips it'),
    ],
    advice: 'Nothing, unless it stands where a structure of a known type is missing.',
  },
  {
    id: 'structure-order',
    severity: 'warning',
    title: 'The structures are not in ascending order of type',
    consequences: [
      bySpecification('structures are to be listed in ascending order of their type'),
      linuxLogs(
        'RHSA refers to non-existent',
        'an RHSA that stands before its DRHD is not matched with it: the kernel logs "RHSA refers to non-existent DMAR unit"',
      ),
    ],
    advice: "Report it to the firmware's vendor; Linux and Xen read the other types in any order.",
    test({ table: { structures } }) {
      const remarks: Remark[] = [];
      let highest = structures[0];
      for (const structure of structures) {
        if (highest === undefined || structure.type >= highest.type) highest = structure;
        else {
          const message = `The ${called(structure)} has type ${structure.type} but follows the ${called(highest)} of type ${highest.type}.`;
          remarks.push(aboutField(structure, 0, 2, message));
        }
      }
      return remarks;
    },
  },
  {
    id: 'structure-trailing-bytes',
    severity: 'warning',
    title: 'A structure is longer than what it holds',
    consequences: [bySpecification('an RHSA has 20 bytes, and nobody reads more')],
    advice: "Report it to the firmware's vendor.",
    each: eachOf(['RHSA'], (structure) => {
      const extra = structure.trailing.length;
      if (extra === 0) return;
      const message = `The ${called(structure)} has ${extra} bytes more than the 20 of an RHSA.`;
      return aboutField(structure, rhsa.fixedLength, extra, message);
    }),
  },
  {
    id: 'structure-reserved',
    severity: 'warning',
    title: 'Reserved bits or bytes of a structure are set',
    consequences: [
      bySpecification('reserved fields must be 0; a later revision may give them meaning'),
    ],
    advice: "Ask the firmware's vendor to clear them.",
    each: eachStructure((structure) => {
      const what = () => `The ${called(structure)}`;
      const remarks = reservedBits(layoutOf(DMAR, structure), structure, structure, what);
      if (structure.name !== 'DRHD' || structure.size <= 0xf) return remarks;
      const message = `${what()} sets the reserved bits ${hex(structure.size & 0xf0)} of its size at offset ${structure.offset + drhd.at.size}.`;
      return [...remarks, aboutField(structure, drhd.at.size, 1, message)];
    }),
  },
];

/** Rules about device scope entries, whatever structure they are in. */
export const SCOPE_RULES: readonly Rule<Subject>[] = [
  {
    id: 'scope-length-short',
    severity: 'error',
    title: 'A device scope entry is too short to name a device',
    consequences: [
      bySpecification('an entry has 6 bytes and 2 for each hop of its path'),
      linuxStops(
        'scope-loop',
        'an entry of length 0, or one that begins inside such a short entry, is read in a loop without end: the kernel never comes up',
      ),
      linuxGoesOn('scope-loop', 'the next entry is looked for at the wrong place'),
      fwtsSays('InvalidDevScope'),
      xenWithoutIommu(XEN_REFUSES),
    ],
    advice: "Ask the firmware's vendor for a table whose device scopes have their length.",
  },
  {
    id: 'scope-length-odd',
    severity: 'error',
    title: 'A device scope entry has an odd length',
    consequences: [
      bySpecification('an entry has 6 bytes and 2 for each hop of its path'),
      onLinux('the last byte is passed over'),
      onXen('the last byte is passed over'),
    ],
    advice: "Ask the firmware's vendor for a table whose device scopes have their length.",
  },
  {
    id: 'scope-length-overrun',
    severity: 'error',
    title: 'A device scope entry runs past the end of its structure',
    consequences: [
      onLinux('bytes of the next structure are read as the path'),
      xenWithoutIommu(
        'bytes of the next structure are read as the path, to 4.12 with a stop of the hypervisor',
      ),
    ],
    advice: "Ask the firmware's vendor for a table whose device scopes have their length.",
  },
  {
    id: 'scope-header-truncated',
    severity: 'error',
    title: "A structure ends inside a device scope entry's first six bytes",
    consequences: [
      onLinux("bytes of the next structure are read as the entry's"),
      xenWithoutIommu(
        "bytes of the next structure are read as the entry's length, which may get the table refused",
      ),
    ],
    advice:
      "Ask the firmware's vendor for a table whose structures end where their last device scope does.",
  },
  {
    id: 'scope-path-range',
    severity: 'error',
    title: 'A path names a device over 31 or a function over 7',
    consequences: [
      bySpecification('a PCI bus has devices 0 to 31 with functions 0 to 7'),
      onLinux('no device matches'),
      {
        who: 'Xen',
        until: '4.12',
        effect: 'for a bridge on segment 0 the hypervisor stops',
        turnsOffIommu: true,
      },
      onXen('else the upper bits are dropped, so another device is meant'),
    ],
    advice: "Ask the firmware's vendor which device is meant.",
    each: eachScope((scope, structure) => {
      const hop = scope.path.findIndex(([device, func]) => device > 31 || func > 7);
      if (hop < 0) return;
      const [device, func] = scope.path[hop] as [number, number];
      const at = deviceScope.at.path + 2 * hop;
      const message = `The path ${pathOf(structure.segment, scope)} of the ${called(structure)} names device ${device}, function ${func} at offset ${scope.offset + at}; devices end at 31, functions at 7.`;
      return aboutField(scope, at, 2, message);
    }),
  },
  {
    id: 'scope-type-unknown',
    severity: 'warning',
    title: 'A device scope entry has an unknown type',
    consequences: [
      linuxLogs(
        'Unsupported device scope',
        'the kernel logs "Unsupported device scope" and ignores the entry',
      ),
      onXen('the entry counts for no device'),
      fwtsSays(
        'Unknown device scope type',
        'the dmar test warns of an unknown device scope type, and ends there',
      ),
    ],
    advice: 'Update the system: the firmware may follow a newer specification.',
    each: eachScope((scope, structure, subject) => {
      const { type, offset } = scope;
      if (type > 0 && type < SCOPE_ACPI_DEVICE) return;
      const what = `The device scope entry at offset ${offset} of the ${called(structure)} has type ${type}`;
      if (type !== SCOPE_ACPI_DEVICE) {
        return aboutField(scope, deviceScope.at.type, 1, `${what}; types 1 to 5 are known.`);
      }
      if (offset !== subject.fwtsEnd) return;
      const message = `${what}, ${scopeTypeName(type)}, which the specification knows and fwts does not.`;
      return { ...aboutField(scope, deviceScope.at.type, 1, message), severity: 'info' };
    }),
  },
  {
    id: 'scope-type-misplaced',
    severity: 'warning',
    title: 'An I/O APIC or HPET stands where only PCI devices belong',
    consequences: [
      bySpecification('only a DRHD has I/O APICs and HPETs in its device scope'),
      onLinux('the entry is passed over'),
      onXen('the entry counts as a PCI device at its address'),
    ],
    advice: "Ask the firmware's vendor to remove the entry.",
    each: eachScope((scope, structure) => {
      if (structure.name === 'DRHD') return;
      if (scope.type !== SCOPE_IOAPIC && scope.type !== SCOPE_HPET) return;
      const message = `The device scope of the ${called(structure)} names an ${scopeTypeName(scope.type)} at offset ${scope.offset}, where only PCI devices belong.`;
      return about(scope, message);
    }),
  },
  {
    id: 'scope-reserved',
    severity: 'warning',
    title: 'Reserved bytes of a device scope entry are set',
    consequences: [
      bySpecification('reserved fields must be 0; a later revision may give them meaning'),
    ],
    advice: "Ask the firmware's vendor to clear them.",
    each: eachScope((scope, structure) => {
      const what = () =>
        `The device scope entry at offset ${scope.offset} of the ${called(structure)}`;
      const remarks = reservedBits(deviceScope, scope, scope, what);
      const hasFlags = structure.name !== 'SIDP' && scope.flags !== 0;
      const hasId = isPciScope(scope) && scope.enumerationId !== 0;
      if (!hasFlags && !hasId) return remarks;
      const more: Remark[] = [];
      if (hasFlags) {
        const message = `${what()} sets flags ${hex(scope.flags)}, which only an SIDP has.`;
        more.push(aboutField(scope, deviceScope.at.flags, 1, message));
      }
      if (hasId) {
        const message = `${what()} gives a PCI device the enumeration ID ${scope.enumerationId}, which it cannot have.`;
        more.push(aboutField(scope, deviceScope.at.enumerationId, 1, message));
      }
      return [...remarks, ...more];
    }),
  },
];
