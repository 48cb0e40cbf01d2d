import { describeTables } from '../acpi/table-names.js';
import { Failure } from '../base/failure.js';
import { below } from '../base/path.js';
import { TABLES_DIRECTORY } from './host-table.js';
import type { Tree } from './tree.js';

const ELSEWHERE =
  'A table of another machine can be given as a file, or on standard input with -; --root names a captured host.';

/**
 * Said of Arm machines, whose IOMMUs an IORT table describes: none of Xen's drivers for them has the operation
 * (xen/drivers/passthrough/arm).
 */
export const NO_REGIONS_ON_ARM =
  'Xen reports no regions on Arm: its answer has 0 entries, whatever the IORT table says.';

const text = (tree: Tree, path: string): string =>
  new TextDecoder().decode(tree.head(path, 65536) ?? undefined).trim();

/** The virtual machine monitor this host runs under, by its name or just `a hypervisor`; null where nothing tells of one. */
function virtualMachine(tree: Tree): string | null {
  const product = ['sys_vendor', 'product_name']
    .map((name) => text(tree, `sys/class/dmi/id/${name}`))
    .join(' ');
  const known =
    /QEMU|KVM|VMware|VirtualBox|Virtual Machine|Bochs|Xen|Parallels|OpenStack|Amazon EC2|Google Compute/i;
  const name = known.exec(product)?.[0];
  if (name !== undefined) return name;
  // The processor says so itself in CPUID; Linux lists that among its flags.
  return /^flags\s*:.*\bhypervisor\b/m.test(text(tree, 'proc/cpuinfo')) ? 'a hypervisor' : null;
}

/**
 * What it means that a machine shows neither a DMAR nor an IVRS table.
 *
 * @param names files in the directory of its tables; empty where there is no such directory
 */
export function explainNoTable(tree: Tree, names: readonly string[]): Failure {
  if (tree.list('') === null) {
    return new Failure('not-found', `There is no directory ${tree.name}.`);
  }
  const directory = below(tree.name, TABLES_DIRECTORY);
  const who = tree.name === '/' ? 'This machine' : `The host below ${tree.name}`;
  const signatures = names.filter((name) => /^[A-Z0-9_!]{4}\d*$/.test(name));
  if (signatures.length === 0) {
    return new Failure(
      'no-acpi-tables',
      `${who} shows no ACPI tables: there is no table in ${directory}.`,
      `The kernel shows them there unless it runs without ACPI or hides them from a container. ${ELSEWHERE}`,
    );
  }
  const there = describeTables(signatures.map((name) => name.slice(0, 4)));
  if (signatures.some((name) => name.startsWith('IORT'))) {
    return new Failure(
      'no-dmar-arm',
      `${who} is an Arm machine. ${NO_REGIONS_ON_ARM}`,
      `In ${directory} are ${there}. ${ELSEWHERE}`,
    );
  }
  const vm = virtualMachine(tree);
  if (vm !== null) {
    return new Failure(
      'no-dmar-vm',
      `${who} has no DMAR or IVRS table: it is a virtual machine (${vm}) without a virtual IOMMU.`,
      `In ${directory} are ${there}. ${ELSEWHERE}`,
    );
  }
  return new Failure(
    'no-dmar-host',
    `${who} has no DMAR or IVRS table: VT-d, or AMD-Vi, is absent or switched off in the firmware's settings.`,
    `In ${directory} are ${there}. Look for "VT-d", "Directed I/O" or "IOMMU" in the firmware's settings. ${ELSEWHERE}`,
  );
}
