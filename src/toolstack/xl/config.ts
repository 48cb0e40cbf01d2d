import { requireObject, requireText, type Shape } from '../../base/arguments.js';
import { parseSbdf, type Sbdf } from '../../base/sbdf.js';
import type { Firmware } from '../hvmloader/e820.js';
import { DEFAULT_MACHINE, type GuestMachine } from '../hvmloader/machine.js';
import {
  type BuildInfo,
  type DeviceModel,
  isPopulatedOnDemand,
  leastVideoMemory,
  type VgaKind,
} from '../libxl/build-info.js';
import {
  DEFAULT_MMIO_HOLE,
  type GivenPolicy,
  type GuestConfig,
  MIB,
  type RdmPolicy,
} from '../libxl/layout.js';
import type { GuestNote } from '../notes.js';
import { parseXlCfg, type XlCfg, type XlValue } from './cfg.js';
import { readRdm } from './rdm.js';
import { NEWEST_XL, type Xl } from './releases.js';

/** What is known of a guest so far; what is missing takes libxl's default. */
export type GuestOptions = Partial<GuestConfig>;

/** What they must be. */
export const GUEST_OPTIONS: Shape<GuestOptions> = {
  memory: 'bigint?',
  mmioHole: 'bigint?',
  hap: 'flag?',
  rdm: 'object?',
  rdmMemBoundary: 'bigint?',
  pci: 'objects?',
};

/** A setting that cannot be understood: a sentence that names it. */
export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}

/** libxl's limits of the MMIO hole in MiB (xl: between HVM_BELOW_4G_MMIO_LENGTH and ..._START). */
const MAX_MMIO_HOLE = 3840n;

/** Fills in libxl's defaults (libxl__rdm_setdefault, libxl__domain_build_info_setdefault). */
export function completeConfig(options: GuestOptions & { memory: bigint }): GuestConfig {
  requireObject(options, 'options', { ...GUEST_OPTIONS, memory: 'bigint' });
  return {
    mmioHole: DEFAULT_MMIO_HOLE,
    hap: true,
    rdm: { strategy: 'ignore', policy: null },
    rdmMemBoundary: 2048n * MIB,
    pci: [],
    ...options,
  };
}

/**
 * Reads a number of MiB as xl does (decimal, hex with 0x, octal with 0) and makes bytes of it.
 *
 * @throws BadSetting where the text is none, or more than 2^40 MiB
 */
export function parseMib(name: string, text: string): bigint {
  const octal = /^0[0-7]+$/.exec(text);
  const valid = octal !== null || /^(0x[0-9a-f]{1,10}|[1-9]\d{0,12}|0)$/i.test(text);
  if (!valid) throw new BadSetting(`${name} is a number of MiB, not "${text}".`);
  const mib = octal === null ? BigInt(text) : BigInt(`0o${text}`);
  if (mib > 1n << 40n) throw new BadSetting(`${name} cannot be as much as ${text} MiB.`);
  return mib * MIB;
}

/** Reads the size of the MMIO hole in MiB; bytes. @throws BadSetting */
export function parseMmioHole(name: string, text: string): bigint {
  const bytes = parseMib(name, text);
  if (bytes > MAX_MMIO_HOLE * MIB) {
    throw new BadSetting(`${name} is at most ${MAX_MMIO_HOLE} MiB, not ${text}.`);
  }
  return bytes;
}

const isPolicy = (text: string): text is RdmPolicy => text === 'strict' || text === 'relaxed';

function parsePolicy(setting: string, text: string): RdmPolicy {
  if (isPolicy(text)) return text;
  throw new BadSetting(`The policy in ${setting} is "strict" or "relaxed", not "${text}".`);
}

/** `a=b,c` as pairs; a bare word has the value ''. */
const pairs = (text: string): [key: string, value: string][] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [key = '', ...value] = part.split('=');
      return [key.trim(), value.join('=').trim()];
    });

/**
 * Reads an RDM_RESERVATION_STRING (xl.cfg(5), "rdm"): `strategy=host,policy=relaxed`, both optional, in
 * any order; the bare words `host`, `ignore`, `strict` and `relaxed` say the same.
 *
 * @throws BadSetting
 */
export function parseRdm(text: string): GuestConfig['rdm'] {
  const setting = `rdm "${text}"`;
  const rdm: GuestConfig['rdm'] = { strategy: 'ignore', policy: null };
  for (const [key, value] of pairs(text)) {
    const word = value === '' ? key : value;
    if (key === 'policy' || isPolicy(key)) rdm.policy = parsePolicy(setting, word);
    else if (word !== 'host' && word !== 'ignore') {
      throw new BadSetting(`The strategy in ${setting} is "host" or "ignore", not "${word}".`);
    } else if (key === 'strategy' || key === word) rdm.strategy = word;
    else throw new BadSetting(`${setting} has a strategy and a policy, but no "${key}".`);
  }
  return rdm;
}

/** A device as a PCI_SPEC_STRING gives it. */
export interface PciSpec {
  /** 0000:00:00.0 where it is given by its name. */
  device: Sbdf;
  /** Whether `*` stands for the function: all that the device has; `device` is function 0 then. */
  allFunctions: boolean;
  /** What it was made assignable under (`name=`); null where it is given by its address. */
  name: string | null;
  /** null where it has none of its own. */
  rdmPolicy: RdmPolicy | null;
  /** Device number on the guest's bus (`@vslot`); null where none is asked for. */
  slot: number | null;
  /** Keys of options that xl does not know. */
  unknown: string[];
}

/** Options of a device that do not matter to its memory. */
const PCI_OPTIONS = new Set([
  'msitranslate',
  'power_mgmt',
  'permissive',
  'seize',
  'vslot',
  'hotplug',
]);
const NAMELESS: Sbdf = { segment: 0, bus: 0, device: 0, func: 0 };

/**
 * Reads a PCI_SPEC_STRING (xl-pci-configuration(5); libxlu_pci.c, xlu_pci_parse_spec_string): the device
 * first, with or without `@vslot`, or as `bdf=…` or `name=…`; `*` stands for all its functions. Of the
 * options only rdm_policy matters here.
 *
 * @throws BadSetting
 */
export function parsePciSpec(text: string, xl: Xl = NEWEST_XL): PciSpec {
  const options = pairs(text);
  const first = options[0];
  const positional =
    first !== undefined && first[1] === '' ? (first[0].split('@', 1)[0] as string) : null;
  const keyed = new Map(positional === null ? options : options.slice(1));
  const address = positional ?? (xl.pciKeys ? keyed.get('bdf') : undefined);
  const name = xl.pciKeys ? (keyed.get('name') ?? null) : null;
  const allFunctions = address?.endsWith('.*') === true;
  const device =
    address === undefined ? null : parseSbdf(allFunctions ? `${address.slice(0, -1)}0` : address);
  if (device === null && (name === null || address !== undefined)) {
    throw new BadSetting(
      `The pci setting "${text}" names no device by its address, such as 0000:00:1d.0.`,
    );
  }
  if (device !== null && name !== null) {
    throw new BadSetting(`The pci setting "${text}" has both an address and a name.`);
  }
  const policy = keyed.get('rdm_policy');
  const vslot = /@([0-9a-f]{1,2})$/i.exec(first?.[0] ?? '')?.[1] ?? keyed.get('vslot') ?? '';
  const known = (key: string) =>
    key === 'rdm_policy' ||
    PCI_OPTIONS.has(key) ||
    (xl.pciKeys && (key === 'bdf' || key === 'name'));
  return {
    device: device ?? NAMELESS,
    allFunctions,
    name,
    rdmPolicy: policy === undefined ? null : parsePolicy(`pci "${text}"`, policy),
    slot: /^[0-9a-f]{1,2}$/i.test(vslot) ? Number.parseInt(vslot, 16) % 32 : null,
    unknown: [...keyed.keys()].filter((key) => !known(key)),
  };
}

/** What is to be said of a device that is not given by the address of one function. */
export function pciNotes(spec: PciSpec, text: string, line: number | null): GuestNote[] {
  const { device, allFunctions, name, unknown } = spec;
  const notes: GuestNote[] = unknown.map((option) => ({
    code: 'pci-option-unknown',
    severity: 'warning',
    text,
    line,
    option,
  }));
  if (name !== null) notes.push({ code: 'pci-by-name', severity: 'warning', name });
  if (allFunctions) notes.push({ code: 'pci-all-functions', severity: 'info', device });
  return notes;
}

/** What kind of machine a guest has (xl.cfg(5), `type`). */
export type GuestType = 'hvm' | 'pvh' | 'pv';

/** What an xl configuration file says of a guest's memory and devices, as xl of a release hands it over. */
export interface XlGuest {
  /** All but the memory, which {@link info} tells. */
  options: GuestOptions;
  info: BuildInfo;
  /** What it boots on. */
  machine: GuestMachine;
  /** null: the file has none. */
  type: GuestType | null;
  /** Of what xl makes of the file; those that say that it makes something else than the file says come first. */
  notes: GuestNote[];
}

/**
 * Reads what matters here from an xl configuration file as xl of a release does; all else in it is ignored.
 *
 * @param xl by default the newest
 * @param name what notes call the release
 * @throws BadSetting where a setting that matters cannot be understood: a sentence with its line
 */
export function readXlGuest(
  text: string,
  xl: Xl = NEWEST_XL,
  name = 'the newest release',
): XlGuest {
  requireText(text, 'text');
  const file = new XlFile(parseXlCfg(text));
  const { rdm, notes: rdmNotes } = readRdmSetting(file, xl, name);
  const { pci, notes: deviceNotes } = readDevices(file, xl, rdm?.policy ?? null);
  const info = readBuildInfo(file);
  const type = readType(file);
  return {
    options: {
      ...file.read('mmio_hole', (value) => ({ mmioHole: parseMmioHole('mmio_hole', value) })),
      ...file.read('rdm_mem_boundary', (value) => ({
        rdmMemBoundary: parseMib('rdm_mem_boundary', value),
      })),
      ...file.read('hap', (value) => ({ hap: isSet(value) })),
      ...(rdm === null ? {} : { rdm }),
      ...(pci === null ? {} : { pci }),
    },
    info,
    machine: readMachine(file, info),
    type: type.type,
    notes: [
      ...rdmNotes,
      ...deviceNotes,
      ...type.notes,
      ...(type.type === 'pv' || type.type === 'pvh' ? [] : memoryNotes(info)),
    ],
  };
}

/** The settings that matter, each read with the line that it stands in. */
class XlFile {
  readonly #cfg: XlCfg;

  constructor(cfg: XlCfg) {
    this.#cfg = cfg;
  }

  /** The value of a setting; null where the file has none. @throws BadSetting for one that xl cannot read */
  get(name: string): XlValue | null {
    const problem = this.#cfg.problems.find((one) => one.name === name);
    if (problem !== undefined) {
      throw new BadSetting(`${name} in line ${problem.line} has no value that xl can read.`);
    }
    return this.#cfg.settings.get(name) ?? null;
  }

  /** The line that a setting stands in, or the one of an entry of its list. */
  line(name: string, entry?: number): number {
    const place = this.#cfg.places.get(name);
    return (entry === undefined ? undefined : place?.entries[entry]) ?? place?.line ?? 0;
  }

  /** Reads a setting that is a single value; undefined where the file has none. @throws BadSetting with the line */
  read<T>(name: string, parse: (value: string) => T): T | undefined {
    const value = this.get(name);
    if (value === null) return undefined;
    return this.within(this.line(name), () => parse(atom(name, value)));
  }

  /** Says in which line what cannot be understood stands. */
  within<T>(line: number, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof BadSetting) throw new BadSetting(`Line ${line}: ${error.message}`);
      throw error;
    }
  }
}

const atom = (name: string, value: XlValue): string => {
  if (typeof value === 'string') return value;
  throw new BadSetting(`${name} is a single value, not a list.`);
};

/** A number is true unless it is 0. */
const isSet = (value: string): boolean => !/^0+$/.test(value);

/** What a string says to a person, whatever xl makes of it; null where it says nothing. */
function meaningOf(text: string): GuestConfig['rdm'] | null {
  try {
    return text.trim() === '' ? null : parseRdm(text);
  } catch {
    return null;
  }
}

function readRdmSetting(
  file: XlFile,
  xl: Xl,
  name: string,
): { rdm: GuestConfig['rdm'] | null; notes: GuestNote[] } {
  const text = file.read('rdm', (value) => value);
  if (text === undefined) return { rdm: null, notes: [] };
  const line = file.line('rdm');
  const read = readRdm(text, xl);
  if (read === null) {
    const meant = meaningOf(text);
    const [code, severity] = ['rdm-ignored-by-xl', 'warning'] as const;
    return { rdm: null, notes: [{ code, severity, text, line, meant, xl: name, grammar: xl.rdm }] };
  }
  const strategy = read.strategy === 'host' ? 'host' : 'ignore';
  const isDefined = read.strategy === 'host' && read.policy !== 'undefined';
  return {
    rdm: { strategy, policy: read.policy },
    notes: isDefined
      ? []
      : [{ code: 'rdm-undefined', severity: 'warning', text, line, read, xl: name }],
  };
}

/** @param inherited the global policy that xl hands to a device without its own */
function readDevices(
  file: XlFile,
  xl: Xl,
  inherited: GivenPolicy,
): { pci: GuestConfig['pci'] | null; notes: GuestNote[] } {
  const value = file.get('pci');
  if (value === null) return { pci: null, notes: [] };
  if (typeof value === 'string') {
    const line = file.line('pci');
    return {
      pci: null,
      notes: [{ code: 'pci-not-a-list', severity: 'warning', text: value, line }],
    };
  }
  const notes: GuestNote[] = [];
  const pci = value.map((entry, i) => {
    const line = file.line('pci', i);
    return file.within(line, () => {
      const text = atom('An entry of pci', entry);
      const spec = parsePciSpec(text, xl);
      notes.push(...pciNotes(spec, text, line));
      return { ...toConfig(spec), rdmPolicy: spec.rdmPolicy ?? inherited };
    });
  });
  return { pci, notes };
}

/** A device as libxl is handed it. */
export const toConfig = ({
  device,
  rdmPolicy,
  allFunctions,
  name,
  slot,
}: PciSpec): GuestConfig['pci'][number] => ({
  device,
  rdmPolicy,
  ...(allFunctions ? { allFunctions } : {}),
  ...(name === null ? {} : { name }),
  ...(slot === null ? {} : { slot }),
});

const VGA_KINDS: Readonly<Record<string, VgaKind>> = {
  cirrus: 'cirrus',
  stdvga: 'std',
  qxl: 'qxl',
  none: 'none',
};

function readBuildInfo(file: XlFile): BuildInfo {
  const [memory, maxmem, videoMemory] = ['memory', 'maxmem', 'videoram'].map((name) =>
    file.read(name, (value) => parseMib(name, value)),
  );
  const vga = file.read('vga', (value) => {
    const kind = VGA_KINDS[value];
    if (kind !== undefined) return kind;
    throw new BadSetting(`vga is "cirrus", "stdvga", "qxl" or "none", not "${value}".`);
  });
  const std = file.read('stdvga', isSet) === true;
  const deviceModel = file.read(
    'device_model_version',
    (value): DeviceModel =>
      value === 'qemu-xen-traditional' ? 'qemu-xen-traditional' : 'qemu-xen',
  );
  return {
    maximum: maxmem ?? memory ?? null,
    target: memory ?? null,
    videoMemory: videoMemory ?? null,
    vga: vga ?? (std ? 'std' : 'cirrus'),
    deviceModel: deviceModel ?? 'qemu-xen',
  };
}

const FIRMWARES: readonly Firmware[] = ['seabios', 'ovmf', 'rombios'];

function readMachine(file: XlFile, { vga, deviceModel }: BuildInfo): GuestMachine {
  const firmware = file.read('bios', (value) => {
    const known = FIRMWARES.find((word) => word === value);
    if (known !== undefined) return known;
    throw new BadSetting(`bios is "seabios", "ovmf" or "rombios", not "${value}".`);
  });
  const vif = file.get('vif');
  const nics = Array.isArray(vif) ? vif.filter((nic) => !/type=vif/.test(String(nic))).length : 0;
  return {
    ...DEFAULT_MACHINE,
    vga,
    deviceModel,
    firmware: firmware ?? (deviceModel === 'qemu-xen' ? 'seabios' : 'rombios'),
    acpi: file.read('acpi', isSet) ?? true,
    xenPlatformPci: file.read('xen_platform_pci', isSet) ?? true,
    gfxPassthru: file.read('gfx_passthru', (value) => value !== '' && isSet(value)) ?? false,
    emulatedNics: nics,
    mmioHole: file.read('mmio_hole', (value) => parseMmioHole('mmio_hole', value)) ?? null,
  };
}

function memoryNotes(info: BuildInfo): GuestNote[] {
  const notes: GuestNote[] = [];
  if (info.maximum !== null && info.videoMemory === null) {
    const bytes = leastVideoMemory(info);
    notes.push({ code: 'video-memory-default', severity: 'info', vga: info.vga, bytes });
  }
  if (isPopulatedOnDemand(info)) notes.push({ code: 'populated-on-demand', severity: 'warning' });
  return notes;
}

/** xl takes a guest without a type for pv, which few mean who give it devices; `builder` is the older name. */
function readType(file: XlFile): { type: GuestType | null; notes: GuestNote[] } {
  const word = file.read('type', (value) => value) ?? file.read('builder', (value) => value);
  if (word === undefined) return { type: null, notes: [{ code: 'no-type', severity: 'warning' }] };
  return { type: word === 'hvm' || word === 'pvh' ? word : 'pv', notes: [] };
}
