import type { Diagnostic } from '../acpi/diagnostic.js';
import { requireBytes, requireObject } from '../base/arguments.js';
import { type AmdDriver, amdWithoutRegions, initAmd } from './amd/init.js';
import type { ExtraReserved } from './amd/parse-ivrs.js';
import type { XenCmdline } from './cmdline.js';
import { ERRNO } from './hypercall/errno.js';
import type { Machine } from './machine.js';
import type { Release } from './releases.js';
import { HypervisorStop, type ParseFailure, type Stop } from './stop.js';
import { initVtd, type VtdDriver } from './vtd/init.js';
import type { IgnoredRegion, RmrrUnit } from './vtd/units.js';

/** The tables by which Xen finds IOMMUs, each with what follows it in memory; null where the machine has none. */
export interface IommuTables {
  readonly dmar?: Uint8Array | null;
  readonly ivrs?: Uint8Array | null;
}

/** Faults of the hardware, and other circumstances that no command line brings about. */
export interface Circumstances {
  /** A DRHD whose registers read all ones: its place among those of the table, or its address. */
  dead_drhd?: number | bigint | undefined;
  /** What bringing VT-d up fails with, 0 or a negative errno. */
  hw_setup_rc?: number | undefined;
  /** Overrides, for the hypercall alone, whether the IOMMU is on. */
  iommu_enabled?: boolean | undefined;
  /** The IOMMU's driver has no operation to report regions, as on AMD's before 4.16. */
  ops_missing?: boolean | undefined;
  /** Memory of Xen's own that devices use, as `dbgp=xhci` has it; looked at on AMD alone. */
  extraReserved?: readonly ExtraReserved[] | undefined;
}

/** A hypervisor after boot, as far as the hypercall can tell. */
export interface Xen {
  readonly release: Release;
  /** Whether it came up: `panic` under iommu=force without an IOMMU, `bug` on an assertion, `hang` in a loop. */
  readonly outcome: 'ok' | Stop['outcome'];
  /** Why it did not come up. */
  readonly why: string | null;
  /** The driver that the tables and the release come to; null where nothing was looked at. */
  readonly driver: 'vtd' | 'amd' | null;
  /**
   * What parsing the table answered: acpi_parse_dmar, or on AMD parse_ivrs_table. 1 without a table, null
   * where Xen did not come to it.
   */
  readonly parse_rc: number | null;
  readonly failure: ParseFailure | null;
  readonly iommu_enabled: boolean;
  readonly ops_missing: boolean;
  /** Why the IOMMU is off although the table was not refused; null otherwise. */
  readonly off: string | null;
  /** acpi_rmrr_units, in list order: the last registered first. None on AMD. */
  readonly units: readonly RmrrUnit[];
  /** What AMD's driver knows of devices; null where it does not run. */
  readonly amd: AmdDriver | null;
  readonly ignored: readonly IgnoredRegion[];
  readonly diagnostics: readonly Diagnostic[];
}

const BOOT = {
  machine: 'object',
  release: 'object',
  cmdline: 'object',
  circumstances: 'object',
} as const;

/**
 * Boots the modelled hypervisor on a machine with these tables: first it looks for DMAR, then for IVRS
 * (xen/drivers/passthrough/x86/iommu.c and xen/drivers/acpi, acpi_iommu_init; xen/drivers/passthrough/iommu.c,
 * iommu_setup).
 */
export function bootXen(
  { dmar = null, ivrs = null }: IommuTables,
  machine: Machine,
  release: Release,
  cmdline: XenCmdline,
  circumstances: Circumstances = {},
): Xen {
  requireObject({ machine, release, cmdline, circumstances }, '', BOOT);
  if (dmar !== null) requireBytes(dmar, 'dmar');
  if (ivrs !== null) requireBytes(ivrs, 'ivrs');
  const { iommu } = cmdline;
  const { dead_drhd, hw_setup_rc = 0, extraReserved = [] } = circumstances;
  const vtd = initVtd(dmar, machine, release, cmdline, hw_setup_rc, dead_drhd);
  const end = (amd: AmdDriver | null, stop: HypervisorStop | null = null) =>
    finish(release, cmdline, circumstances, vtd, amd, stop);
  if (ivrs === null || vtd.bug !== null) return end(null);
  if (vtd.parse_rc === null && dmar === null) {
    return end(
      amdWithoutRegions(ivrs, 'vtd-disabled', 'is not reported, because AMD-Vi is off', vtd.off),
    );
  }
  if (vtd.parse_rc !== 1 && vtd.parse_rc !== -ERRNO.ENODEV) return end(null);
  if (!release.amdReports) {
    const why = `is not reported: Xen ${release.name} reports no regions on AMD machines, as later ones do from 4.16 on`;
    return end(amdWithoutRegions(ivrs, 'never-reported', why, iommu.enable ? null : vtd.off));
  }
  try {
    return end(initAmd(ivrs, machine, release, cmdline, extraReserved));
  } catch (error) {
    if (!(error instanceof HypervisorStop)) throw error;
    const why = 'is not reported, because Xen does not boot';
    return end(amdWithoutRegions(ivrs, 'vtd-disabled', why, null), error);
  }
}

function finish(
  release: Release,
  { iommu, rmrr, ivmd }: XenCmdline,
  circumstances: Circumstances,
  vtd: VtdDriver,
  amd: AmdDriver | null,
  stop: HypervisorStop | null,
): Xen {
  const driver = amd ?? vtd;
  const opsMissing = amd !== null && !release.amdReports;
  const failed = driver.failure !== null || driver.off !== null || driver.parse_rc !== 0;
  const on = opsMissing ? iommu.enable : !failed;
  const panics = vtd.bug === null && stop === null && iommu.force && !on;
  return {
    release,
    outcome: vtd.bug !== null ? 'bug' : (stop?.outcome ?? (panics ? 'panic' : 'ok')),
    why:
      vtd.bug ??
      stop?.message ??
      (panics ? 'iommu=force was given, and the IOMMU could not be enabled' : null),
    driver: amd !== null ? 'amd' : vtd.parse_rc === null ? null : 'vtd',
    parse_rc: driver.parse_rc,
    failure: driver.failure,
    iommu_enabled: circumstances.iommu_enabled ?? on,
    ops_missing: circumstances.ops_missing ?? opsMissing,
    off: driver.off,
    units: vtd.units,
    amd,
    ignored: driver.ignored,
    diagnostics: [
      ...driver.diagnostics,
      ...optionDiagnostics('rmrr', rmrr),
      ...optionDiagnostics('ivmd', ivmd),
    ],
  };
}

/** What is wrong with an option that describes regions. */
const optionDiagnostics = (
  option: 'rmrr' | 'ivmd',
  parsed: { readonly message: string | null } | null,
): Diagnostic[] =>
  parsed === null || parsed.message === null
    ? []
    : [
        {
          code: `xen-${option}-option`,
          severity: 'warning',
          offset: 0,
          length: 0,
          message: `Xen refuses its option from there on: ${parsed.message}.`,
        },
      ];
