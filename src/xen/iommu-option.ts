/** What `iommu=` comes to, as far as it changes the answer (xen/drivers/passthrough/iommu.c, parse_iommu_param). */
export interface IommuSettings {
  enable: boolean;
  intremap: boolean;
  force: boolean;
  workaround_bios_bug: boolean;
}

export const DEFAULT_IOMMU: Readonly<IommuSettings> = {
  enable: true,
  intremap: true,
  force: false,
  workaround_bios_bug: false,
};

const WORDS: Readonly<Record<string, boolean>> = {
  no: false,
  off: false,
  false: false,
  disable: false,
  '0': false,
  yes: true,
  on: true,
  true: true,
  enable: true,
  '1': true,
};

/** Suboptions that matter here, and what they set. */
const SETTINGS: Readonly<Record<string, keyof IommuSettings>> = {
  force: 'force',
  required: 'force',
  workaround_bios_bug: 'workaround_bios_bug',
  intremap: 'intremap',
};

/**
 * Applies one `iommu=…` option; words that do not change the answer are passed over.
 *
 * @param text the comma-separated words
 * @param reading `loose`: to 4.11, where `no-off` switches off and `on` switches nothing on
 */
export function applyIommuOption(
  settings: IommuSettings,
  text: string,
  reading: 'loose' | 'strict',
): void {
  for (const word of text.split(',')) {
    if (reading === 'loose') applyLoosely(settings, word);
    else applyStrictly(settings, word);
  }
}

function applyLoosely(settings: IommuSettings, word: string): void {
  const name = word.replace(/^no-/, '');
  const setting = SETTINGS[name];
  if (WORDS[name] === false) settings.enable = false;
  else if (setting !== undefined) settings[setting] = name === word;
}

function applyStrictly(settings: IommuSettings, word: string): void {
  const enable = WORDS[word];
  if (enable !== undefined) {
    settings.enable = enable;
    return;
  }
  const [, negation, name = '', value] = /^(no-)?([^=]*)(?:=(.*))?$/.exec(word) ?? [];
  const setting = SETTINGS[name];
  if (setting === undefined) return;
  const assigned = value === undefined ? negation === undefined : WORDS[value];
  if (assigned !== undefined) settings[setting] = assigned;
}
