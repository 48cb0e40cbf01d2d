import { requireText } from '../base/arguments.js';
import { type IoApicOverride, parseIoApicOption } from './amd/ioapic-option.js';
import { type ParsedIvmdOption, parseIvmdOption } from './amd/ivmd-option.js';
import { applyIommuOption, DEFAULT_IOMMU, type IommuSettings, WORDS } from './iommu-option.js';
import type { Release } from './releases.js';
import { type ParsedRmrrOption, parseRmrrOption } from './vtd/rmrr-option.js';

/** The options of Xen's own command line that change the answer. */
export interface XenCmdline {
  iommu: IommuSettings;
  /** null where there is no `rmrr=`, or the release does not know it. */
  rmrr: ParsedRmrrOption | null;
  /** null where there is no `ivmd=`, or the release does not know it. */
  ivmd: ParsedIvmdOption | null;
  /** Where `ivrs_ioapic[…]=` says that I/O APICs are. */
  ivrsIoApics: IoApicOverride[];
  /** Whether Xen may use x2APIC; one that the firmware has switched on stays on all the same. */
  x2apic: boolean;
}

/**
 * Characters of one option, its name included, that Xen has room for on its command line. Longer ones are
 * read whole here, since options also come from elsewhere; callers may want to say so.
 */
export const LONGEST_OPTION = 127;

/** What follows belongs to dom0's kernel (xen/arch/x86/setup.c). */
const DOM0_PART = / -- .*/s;

/**
 * Reads Xen's command line, `iommu=…`, `rmrr=…` and those of AMD's driver, separated by spaces; all other options are passed
 * over (xen/common/kernel.c, parse_params).
 */
export function parseCmdline(text: string, release: Release): XenCmdline {
  requireText(text, 'text');
  const cmdline: XenCmdline = {
    iommu: { ...DEFAULT_IOMMU },
    rmrr: null,
    ivmd: null,
    ivrsIoApics: [],
    x2apic: true,
  };
  if (text === '') return cmdline;
  for (const option of text.replace(DOM0_PART, '').split(' ')) {
    if (option === 'no-iommu') applyIommuOption(cmdline.iommu, 'no', release.iommuOption);
    else if (option.startsWith('iommu=')) {
      applyIommuOption(cmdline.iommu, option.slice('iommu='.length), release.iommuOption);
    } else if (option.startsWith('rmrr=') && release.rmrrOption !== null) {
      cmdline.rmrr = parseRmrrOption(
        option.slice('rmrr='.length),
        release.rmrrOption,
        cmdline.rmrr?.regions,
      );
    } else if (option.startsWith('ivmd=') && release.amdReports) {
      cmdline.ivmd = parseIvmdOption(option.slice('ivmd='.length), cmdline.ivmd?.blocks);
    } else if (option.startsWith('ivrs_ioapic[')) {
      const override = parseIoApicOption(option.slice('ivrs_ioapic'.length));
      if (override !== null) setIoApic(cmdline.ivrsIoApics, override);
    } else {
      cmdline.x2apic = readSwitch('x2apic', option) ?? cmdline.x2apic;
    }
  }
  return cmdline;
}

/** A later override of the same I/O APIC takes the place of the earlier one. */
function setIoApic(overrides: IoApicOverride[], override: IoApicOverride): void {
  const at = overrides.findIndex(({ id }) => id === override.id);
  overrides.splice(at < 0 ? overrides.length : at, 1, override);
}

/**
 * Reads an option that switches something on or off: `name`, `no-name`, `name=…` (xen/common/kernel.c,
 * parse_bool).
 *
 * @returns null where it is another option, or the word is none
 */
function readSwitch(name: string, option: string): boolean | null {
  if (option === name) return true;
  if (option === `no-${name}`) return false;
  return option.startsWith(`${name}=`) ? (WORDS.get(option.slice(name.length + 1)) ?? null) : null;
}
