import { type Andd, andd } from '../../acpi/dmar/andd.js';
import { ATSR_FLAGS, type Atsr, atsr } from '../../acpi/dmar/atsr.js';
import { SCOPE_ACPI_DEVICE } from '../../acpi/dmar/device-scope.js';
import { rhsa } from '../../acpi/dmar/rhsa.js';
import { hasFlag } from '../../acpi/layout.js';
import { hex } from '../../base/hex.js';
import { formatSegment } from '../../base/sbdf.js';
import { bySpecification, onLinux, xenWithoutIommu } from '../consequence.js';
import type { Remark, Rule } from '../rule.js';
import { about, aboutField, called } from '../wording.js';
import { linuxLogs } from './consequence.js';
import { among, eachOf, eachScope } from './each.js';
import { pathOf } from './path.js';
import { namesNothing, type Subject } from './subject.js';

const allPorts = ({ flags }: Atsr): boolean => hasFlag(flags, ATSR_FLAGS, 'ALL_PORTS');

/** A look at each structure of a type that should name devices. */
const withoutScope = (name: 'SATC' | 'SIDP') =>
  eachOf([name], (structure) =>
    namesNothing(structure)
      ? about(structure, `The ${called(structure)} has no device scope.`)
      : undefined,
  );

/** Rules about ATSR, RHSA, ANDD, SATC and SIDP structures. */
export const OTHER_RULES: readonly Rule<Subject>[] = [
  {
    id: 'atsr-all-ports-twice',
    severity: 'error',
    title: 'Two ATSRs of a segment have ALL_PORTS',
    consequences: [
      bySpecification('one says all there is to say'),
      xenWithoutIommu('on segment 0 the whole table is refused with -EINVAL: VT-d is off'),
    ],
    advice: "Report it to the firmware's vendor.",
    test: among('ATSR', function* (atsrs) {
      const firsts = new Map<number, Atsr>();
      for (const structure of atsrs.filter(allPorts)) {
        const first = firsts.get(structure.segment);
        if (first === undefined) firsts.set(structure.segment, structure);
        else {
          const message = `The ${called(structure)} has ALL_PORTS on segment ${formatSegment(structure.segment)}, as the ${called(first)} has already.`;
          yield aboutField(structure, atsr.at.flags, 1, message);
        }
      }
    }),
  },
  {
    id: 'atsr-no-scope',
    severity: 'warning',
    title: 'An ATSR without ALL_PORTS names no root port',
    consequences: [bySpecification('without ALL_PORTS the root ports are those of the scope')],
    advice: "Report it to the firmware's vendor: the structure says nothing.",
    each: eachOf(['ATSR'], (structure) => {
      if (allPorts(structure) || !namesNothing(structure)) return;
      return about(structure, `The ${called(structure)} has neither ALL_PORTS nor a device scope.`);
    }),
  },
  {
    id: 'rhsa-no-unit',
    severity: 'warning',
    title: 'An RHSA speaks of a DRHD that is not there',
    consequences: [
      bySpecification('the address is the register base of a DRHD'),
      linuxLogs(
        'RHSA refers to non-existent',
        'the kernel logs "Your BIOS is broken; RHSA refers to non-existent DMAR unit"',
      ),
    ],
    advice: "Report it to the firmware's vendor; only the unit's memory placement suffers.",
    each: eachOf(['RHSA'], (structure, { bases }) => {
      const base = structure.registerBaseAddress;
      if (bases.has(base)) return;
      const message = `The ${called(structure)} speaks of a unit at ${hex(base)}, but no DRHD has that address.`;
      return aboutField(structure, rhsa.at.registerBaseAddress, 8, message);
    }),
  },
  {
    id: 'andd-name-unterminated',
    severity: 'error',
    title: "An ANDD's name has no NUL at its end",
    consequences: [
      bySpecification('the name ends with a NUL inside the structure'),
      onLinux(
        'the kernel logs "ANDD object name is not NUL-terminated" and uses no remapping hardware',
      ),
    ],
    advice: "Report it to the firmware's vendor.",
    each: eachOf(['ANDD'], (structure) => {
      if (structure.trailing.length > 0) return;
      const name = structure.acpiPath;
      const message = `The name ${JSON.stringify(name)} of the ${called(structure)} runs to its end without a NUL.`;
      return aboutField(structure, andd.fixedLength, name.length, message);
    }),
  },
  {
    id: 'andd-name-empty',
    severity: 'warning',
    title: "An ANDD's name is empty",
    consequences: [
      bySpecification('the name is the ACPI path of a device'),
      onLinux('the kernel logs "Failed to find handle for ACPI object"'),
    ],
    advice: "Report it to the firmware's vendor.",
    each: eachOf(['ANDD'], (structure) => {
      if (structure.acpiPath !== '' || structure.trailing.length === 0) return;
      const message = `The ${called(structure)} gives device ${structure.acpiDeviceNumber} an empty name.`;
      return aboutField(structure, andd.fixedLength, structure.trailing.length, message);
    }),
  },
  {
    id: 'andd-number-duplicate',
    severity: 'error',
    title: 'Two ANDDs have one device number',
    consequences: [
      bySpecification('the number says which device a scope entry means'),
      onLinux('both devices are put under the unit of that number'),
    ],
    advice: "Report it to the firmware's vendor.",
    test: among('ANDD', (andds, { acpiDevices: { declared } }) =>
      declared.size === andds.length ? undefined : sameNumbers(andds),
    ),
  },
  {
    id: 'andd-no-scope',
    severity: 'warning',
    title: "No DRHD names an ANDD's device",
    consequences: [
      bySpecification("an ANDD is there for a DRHD's device scope to refer to"),
      onLinux(
        'the kernel says "No IOMMU scope found for ANDD enumeration ID"; or "Failed to find handle for ACPI object" where the name space has no such device, which no table tells',
      ),
    ],
    advice: "Report it to the firmware's vendor: the device has no remapping unit.",
    each: eachOf(['ANDD'], (structure, { acpiDevices: { named } }) => {
      if (named.has(structure.acpiDeviceNumber)) return;
      const message = `No DRHD's device scope names device ${structure.acpiDeviceNumber}, ${JSON.stringify(structure.acpiPath)}, of the ${called(structure)}.`;
      return about(structure, message);
    }),
  },
  {
    id: 'scope-no-andd',
    severity: 'warning',
    title: 'A device scope names an ACPI device that no ANDD declares',
    consequences: [
      bySpecification('the enumeration ID is the device number of an ANDD'),
      onLinux('the entry is never filled with a device'),
    ],
    advice: "Report it to the firmware's vendor: an ANDD is missing.",
    each: eachScope((scope, structure, subject) => {
      const { type, enumerationId, offset } = scope;
      if (type !== SCOPE_ACPI_DEVICE || subject.acpiDevices.declared.has(enumerationId)) return;
      const message = `The device scope of the ${called(structure)} names ACPI device ${enumerationId}, ${pathOf(structure.segment, scope)}, at offset ${offset}, but no ANDD has that number.`;
      return about(scope, message);
    }),
  },
  {
    id: 'satc-no-scope',
    severity: 'warning',
    title: 'An SATC names no device',
    consequences: [bySpecification('it is about the devices of its scope')],
    advice: "Report it to the firmware's vendor: the structure says nothing.",
    each: withoutScope('SATC'),
  },
  {
    id: 'sidp-no-scope',
    severity: 'warning',
    title: 'An SIDP names no device',
    consequences: [bySpecification('it is about the devices of its scope')],
    advice: "Report it to the firmware's vendor: the structure says nothing.",
    each: withoutScope('SIDP'),
  },
];

/** ANDDs with the device number of one before them. */
function* sameNumbers(andds: readonly Andd[]): Generator<Remark> {
  const owners = new Map<number, Andd>();
  for (const structure of andds) {
    const number = structure.acpiDeviceNumber;
    const owner = owners.get(number);
    if (owner === undefined) owners.set(number, structure);
    else {
      const message = `The ${called(structure)} has the device number ${number} of the ${called(owner)}.`;
      yield aboutField(structure, andd.at.acpiDeviceNumber, 1, message);
    }
  }
}
