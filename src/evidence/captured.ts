import { DMAR_SIGNATURES } from '../acpi/dmar/header.js';

/** Bytes of a PCI function's configuration space that are taken: the header, which any user may read. */
export const CONFIG_HEADER = 64;

/**
 * What a capture takes of a host, and nothing else: paths below its root. `dmar capture` and the script for
 * machines without Node.js both go by this list, so their archives hold the same files.
 */
export const CAPTURED = {
  /** Names in the directory of the kernel's ACPI tables. */
  tables: [...DMAR_SIGNATURES, 'IVRS', 'MCFG', 'APIC', 'FACP'],
  /** Of each PCI function, beside the first {@link CONFIG_HEADER} bytes of `config`. */
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
