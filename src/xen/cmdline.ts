import { applyIommuOption, DEFAULT_IOMMU, type IommuSettings } from './iommu-option.js';
import type { Release } from './releases.js';
import { type ParsedRmrrOption, parseRmrrOption } from './rmrr-option.js';

/** The options of Xen's own command line that change the answer. */
export interface XenCmdline {
  iommu: IommuSettings;
  /** null where there is no `rmrr=`, or the release does not know it. */
  rmrr: ParsedRmrrOption | null;
}

/**
 * Reads Xen's command line, `iommu=…` and `rmrr=…` separated by blanks; all other options are passed
 * over (xen/common/kernel.c, parse_params).
 */
export function parseCmdline(text: string, release: Release): XenCmdline {
  const cmdline: XenCmdline = { iommu: { ...DEFAULT_IOMMU }, rmrr: null };
  for (const option of text.split(/\s+/)) {
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
