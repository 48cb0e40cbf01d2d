/** What `iommu=` comes to, as far as it changes the answer (xen/drivers/passthrough/iommu.c, parse_iommu_param). */
export interface IommuSettings {
  enable: boolean;
  intremap: boolean;
  force: boolean;
  workaround_bios_bug: boolean;
  /** Whether each device has its own table of interrupts on AMD. */
  amd_iommu_perdev_intremap: boolean;
}

export const DEFAULT_IOMMU: Readonly<IommuSettings> = {
  enable: true,
  intremap: true,
  force: false,
  workaround_bios_bug: false,
  amd_iommu_perdev_intremap: true,
};

/** The words that switch an option off or on. */
export const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['no', false],
  ['off', false],
  ['false', false],
  ['disable', false],
  ['0', false],
  ['yes', true],
  ['on', true],
  ['true', true],
  ['enable', true],
  ['1', true],
]);

/** Suboptions that matter here, and what they set. */
const SETTINGS: ReadonlyMap<string, keyof IommuSettings> = new Map([
  ['force', 'force'],
  ['required', 'force'],
  ['workaround_bios_bug', 'workaround_bios_bug'],
  ['intremap', 'intremap'],
  ['amd-iommu-perdev-intremap', 'amd_iommu_perdev_intremap'],
]);

/**
 * How a release reads the words: `loose`, to 4.11, where `no-off` switches off and `on` switches nothing
 * on; `assigning`, where `no-force=on` means `force=on`; `strict`, where that is no word at all.
 */
export type IommuReading = 'loose' | 'assigning' | 'strict';

/**
 * Applies one `iommu=…` option; words that do not change the answer are passed over.
 *
 * @param text the comma-separated words
 */
export function applyIommuOption(
  settings: IommuSettings,
  text: string,
  reading: IommuReading,
): void {
  for (const word of text.split(',')) {
    if (reading === 'loose') applyLoosely(settings, word);
    else applyExactly(settings, word, reading === 'assigning');
  }
}

function applyLoosely(settings: IommuSettings, word: string): void {
  const name = word.replace(/^no-/, '');
  const setting = SETTINGS.get(name);
  if (WORDS.get(name) === false) settings.enable = false;
  else if (setting !== undefined) settings[setting] = name === word;
}

function applyExactly(settings: IommuSettings, word: string, assignsNegated: boolean): void {
  const enable = WORDS.get(word);
  if (enable !== undefined) {
    settings.enable = enable;
    return;
  }
  const [, negation, name = '', value] = /^(no-)?([^=]*)(?:=(.*))?$/.exec(word) ?? [];
  const setting = SETTINGS.get(name);
  if (setting === undefined) return;
  if (negation !== undefined && value !== undefined && !assignsNegated) return;
  const assigned = value === undefined ? negation === undefined : WORDS.get(value);
  if (assigned !== undefined) settings[setting] = assigned;
}
