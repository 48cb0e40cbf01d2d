import { applyIommuOption, DEFAULT_IOMMU, type IommuSettings } from './iommu-option.js';
import type { Release } from './releases.js';
import { type ParsedRmrrOption, parseRmrrOption } from './vtd/rmrr-option.js';

/** The options of Xen's own command line that change the answer. */
export interface XenCmdline {
  iommu: IommuSettings;
  /** null where there is no `rmrr=`, or the release does not know it. */
  rmrr: ParsedRmrrOption | null;
}

/**
 * Characters of one option, its name included, that Xen has room for on its command line. Longer ones are
 * read whole here, since options also come from elsewhere; callers may want to say so.
 */
export const LONGEST_OPTION = 127;

/** What follows belongs to dom0's kernel (xen/arch/x86/setup.c). */
const DOM0_PART = / -- .*/s;

/**
 * Reads Xen's command line, `iommu=…` and `rmrr=…` separated by spaces; all other options are passed
 * over (xen/common/kernel.c, parse_params).
 */
export function parseCmdline(text: string, release: Release): XenCmdline {
  const cmdline: XenCmdline = { iommu: { ...DEFAULT_IOMMU }, rmrr: null };
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
    }
  }
  return cmdline;
}
