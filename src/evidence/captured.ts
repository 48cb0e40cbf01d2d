import { DMAR_SIGNATURES } from '../acpi/dmar/header.js';
import { CONFIG, PCI_CLASS } from '../machine/pci-topology.js';
import type { Tree } from './tree.js';

/** Bytes of a PCI function's configuration space that are taken: the header, which any user may read. */
export const CONFIG_HEADER = 64;

/**
 * Bytes of the configuration space that every function has. Only root can read beyond the header, and some
 * devices are disturbed by it, so that more is read of those alone in which Xen looks there, both AMD's.
 */
export const CONFIG_SPACE = 256;

/** An SP5100, one of the two; the other are IOMMUs. */
export const SP5100 = { vendor: 0x1002, device: 0x4385 } as const;

/** What is read of a function's configuration space; null where there is no such file. */
export function readConfig(tree: Tree, path: string): Uint8Array | null {
  const header = tree.head(path, CONFIG_HEADER);
  return header !== null && isReadWhole(header) ? tree.head(path, CONFIG_SPACE) : header;
}

function isReadWhole(header: Uint8Array): boolean {
  const word = (offset: number) => (header[offset] ?? 0) + 0x100 * (header[offset + 1] ?? 0);
  return (
    word(CONFIG.classCode + 1) === PCI_CLASS.iommu ||
    (word(CONFIG.vendorId) === SP5100.vendor && word(CONFIG.deviceId) === SP5100.device)
  );
}

/**
 * What a capture takes of a host, and nothing else: paths below its root. `dmar capture` and the script for
 * machines without Node.js both go by this list, so their archives hold the same files.
 */
export const CAPTURED = {
  /** Names in the directory of the kernel's ACPI tables. */
  tables: [...DMAR_SIGNATURES, 'DMAR1', 'DMAR2', 'IVRS', 'IVRS1', 'IVRS2', 'MCFG', 'APIC', 'FACP'],
  /** Of each PCI function, beside the first bytes of `config`, as {@link readConfig} reads them. */
  pciFiles: ['class', 'vendor', 'device', 'resource'],
  /** Symbolic links of each PCI function, and what the last part of their target is looked for below. */
  pciLinks: {
    driver: '../../drivers/',
    physfn: '../',
    iommu_group: '../../../../kernel/iommu_groups/',
  },
  /** Of each range of the firmware's memory map. */
  memoryRange: ['start', 'end', 'type'],
  /** Whole files. */
  files: [
    'proc/iomem',
    'proc/sys/kernel/osrelease',
    'sys/class/dmi/id/sys_vendor',
    'sys/class/dmi/id/product_name',
    'sys/class/dmi/id/bios_version',
    'sys/hypervisor/type',
    'sys/hypervisor/version/major',
    'sys/hypervisor/version/minor',
    'sys/hypervisor/version/extra',
  ],
  /** Options of Linux's command line that answers depend on; the rest of it stays private. */
  kernelOptions: ['iommu=', 'intel_iommu=', 'amd_iommu='],
  /** Flags of the processor (`proc/cpuinfo`) that Xen's use of an IOMMU depends on. */
  cpuFlags: ['x2apic', 'cx16', 'hypervisor'],
} as const;
