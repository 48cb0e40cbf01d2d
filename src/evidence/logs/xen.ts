import { type LogLine, MEANING, row } from './line.js';

/** When Xen prints what it reads of a table. */
const VERBOSE = 'with iommu=verbose';

/** What Xen prints of its machine, of the DMAR or IVRS table, and of devices behind an IOMMU. */
export const XEN_LINES: readonly LogLine[] = [
  // The machine.
  row(
    'xen-release',
    'all',
    'The hypervisor starts; this is its release.',
    'Xen version <release:w> (<text:s>) (<compiler:s>) debug=<debug:w>',
    'Xen version <release:w> (',
    'Xen version <release:w>',
  ),
  row(
    'xen-cmdline',
    'all',
    'The options the hypervisor was started with.',
    '(XEN) Command line: <text:rest>',
  ),
  row(
    'xen-memory-map',
    'all',
    'A memory map begins.',
    'Xen-e820 RAM map:',
    'EFI RAM map:',
    'Multiboot-e820 RAM map:',
    'PVH-e820 RAM map:',
  ),
  row(
    'xen-memory-inclusive',
    '4.14–',
    'A range of the memory map.',
    '[<start:h>, <end:h>] (<type:memory>)',
  ),
  row(
    'xen-memory',
    '–4.13',
    'A range of the memory map; its end is exclusive.',
    '(XEN) <start:h> - <end:h> (<type:memory>)',
  ),

  // The table.
  row('xen-dump-start', VERBOSE, MEANING.dump, '[VT-D]Host address width <width:n>'),
  row('structure', VERBOSE, 'A structure of the table.', 'found ACPI_DMAR_<structure:w>:'),
  row(
    'scope-device',
    VERBOSE,
    'A device that the structure before names.',
    'endpoint: <device:bdf>',
    'bridge: <device:bdf>',
  ),
  row('unit', VERBOSE, MEANING.unit, 'dmaru->address = <base:h>'),
  row(
    'rmrr',
    'with iommu=verbose, or debug=y',
    MEANING.region,
    'RMRR: [<base:h>,<limit:h>]',
    'RMRR region: base_addr <base:h> end_address <limit:h>',
    'RMRR region: base_addr <base:h> end_addr <limit:h>',
    'acpi_parse_one_rmrr: base=<base:h> end=<limit:h>',
  ),
  row(
    'rmrr-not-reserved',
    '3.4–4.18',
    "The memory map does not reserve this region. Xen takes it all the same, with dom0's memory at risk.",
    'RMRR address range not in reserved memory base = <base:h> end = <limit:h>',
    'RMRR address range <base:h>..<limit:h> not in reserved memory',
    'RMRR [<base:h>,<limit:h>] not in reserved memory',
  ),
  row(
    'rmrr-not-reserved-pages',
    '4.19–',
    'The memory map does not reserve all of this region; both addresses are of pages.',
    'RMRR: [0x<base:h>, 0x<limit:h>] is not (entirely) in reserved memory',
  ),
  row(
    'rmrr-not-convertible',
    '4.19–',
    'A page of a region is RAM that Xen uses: VT-d stays off.',
    "RMRR: page at <pfn:h> couldn't be reserved",
    "RMRR: page at <pfn:h> can't be converted",
  ),
  row(
    'rmrr-device-absent',
    'all',
    'A region names a device that is not there.',
    'Non-existent device (<device:bdf>) is reported in RMRR (<base:h>, <limit:h>)',
    'Non-existent device (<device:bdf>) is reported in RMRR [<base:h>, <limit:h>]',
    'Non-existent device (<device:bdf>) is reported in RMRR [<base:h>,<limit:h>]',
    'Non-existent device (<device:bdf>) in RMRR [<base:h>,<limit:h>]',
  ),
  row(
    'rmrr-ignored',
    'all',
    'Xen drops this region, for none of its devices is there.',
    'Ignore the RMRR (<base:h>, <limit:h>)',
    'Ignore RMRR (<base:h>, <limit:h>)',
    'Ignore RMRR [<base:h>,<limit:h>]',
    'Ignore RMRR [<base:h>, <limit:h>]',
  ),
  row(
    'rmrr-incorrect',
    'all',
    'The region ends before it starts: Xen gives up the table.',
    'The RMRR (<base:h>, <limit:h>) is incorrect!',
    'RMRR [<base:h>,<limit:h>] is incorrect!',
    'RMRR (<base:h>, <limit:h>) is incorrect!',
  ),
  row(
    'rmrr-overlap',
    '4.5–',
    'Two regions overlap: Xen gives up the table.',
    'Overlapping RMRRs [<base:h>,<limit:h>] and [<otherBase:h>,<otherLimit:h>]',
  ),
  row(
    'rmrr-option',
    '4.17–',
    'A region of the rmrr= option, in page frames.',
    'Adding RMRR for <count:n> device ([0]: 0x<sbdf:h>) range [<first:h>-<last:h>]',
  ),
  row(
    'scope-absent',
    'all',
    'A unit names a device that is not there.',
    "Non-existent device (<device:bdf>) in this DRHD's scope!",
  ),

  // The verdict.
  row(
    'xen-refused',
    'all',
    'Xen gives up the whole table: VT-d is off.',
    'Failed to parse ACPI DMAR. Disabling VT-d.',
  ),
  row(
    'xen-accepted',
    'all',
    'Xen took the table.',
    'Intel VT-d iommu <unit:n> supported page sizes',
    'Intel VT-d Snoop Control <state:w>',
  ),
  row('xen-on', 'all', 'The IOMMU is on.', 'I/O virtualisation enabled'),
  row('xen-off', 'all', 'The IOMMU is off.', 'I/O virtualisation disabled'),

  // Devices.
  row(
    'xen-shared',
    '4.6–',
    'Xen refuses to give this device to a guest: it shares a region with other devices, and the policy is strict.',
    "It's disallowed to assign <device:bdf> with shared RMRR at <base:h> for Dom<domain:n>",
    "It's disallowed to assign <device:bdf> with shared RMRR at <base:h> for <domain:w>",
  ),
  row(
    'xen-risky',
    '4.6–',
    'Xen gives this device to a guest although it shares a region with other devices.',
    "It's risky to assign <device:bdf> with shared RMRR at <base:h> for Dom<domain:n>",
    "It's risky to assign <device:bdf> with shared RMRR at <base:h> for <domain:w>",
  ),
  row(
    'xen-unmappable',
    '4.5–',
    "A region cannot be mapped for a guest: the guest's own memory is there.",
    'cannot map reserved region (<base:h>,<limit:h>] for Dom<domain:n> (<errno:s>)',
    'cannot map reserved region [<base:h>,<limit:h>]: <errno:w>',
  ),
  row(
    'xen-fault',
    'all',
    MEANING.fault,
    'DMAR:[DMA <operation:s>] Request device [<requester:bdf>] fault addr <address:x>',
  ),
  row('xen-fault-reason', 'all', MEANING.faultReason, 'DMAR: reason <reasonHex:h> - <text:rest>'),

  // AMD.
  row(
    'xen-ivmd',
    '4.3–',
    'A reserved memory region of the IVRS table, by its length.',
    'IVMD Block: type <type:x> phys <base:x> len <length:x>',
  ),
  row(
    'xen-ivmd-not-reserved',
    '4.16–',
    'The memory map does not reserve all of this region.',
    'IVMD: [0x<base:h>, 0x<limit:h>] is not (entirely) in reserved memory',
    'IVMD: [<base:h>,<end:h>) is not (entirely) in reserved memory',
  ),
  row(
    'xen-amd-fault',
    'all',
    MEANING.fault,
    'IO_PAGE_FAULT: <requester:bdf> d<domain:w> addr <address:x> flags <flags:x>',
    'IO_PAGE_FAULT: domain = <domain:n>, device id = <id:x>, fault address = <address:x>, flags = <flags:x>',
  ),
];
