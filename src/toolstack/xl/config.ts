import { parseSbdf } from '../../base/sbdf.js';
import type { Note } from '../explain.js';
import { DEFAULT_MMIO_HOLE, type GuestConfig, MIB, type RdmPolicy } from '../libxl/layout.js';
import { parseXlCfg, type XlValue } from './cfg.js';

/** What is known of a guest so far; what is missing takes libxl's default. */
export type GuestOptions = Partial<GuestConfig>;

/** A setting that cannot be understood: a sentence that names it. */
export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}

/** libxl's limits of the MMIO hole in MiB (xl: between HVM_BELOW_4G_MMIO_LENGTH and ..._START). */
const MAX_MMIO_HOLE = 3840n;

/** Fills in libxl's defaults (libxl__rdm_setdefault, libxl__domain_build_info_setdefault). */
export function completeConfig(options: GuestOptions & { memory: bigint }): GuestConfig {
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

/**
 * Reads a PCI_SPEC_STRING (xl-pci-configuration(5)): the device first, with or without `@vslot`, or as
 * `bdf=…`; then options, of which only rdm_policy matters here.
 *
 * @throws BadSetting
 */
export function parsePciSpec(text: string): GuestConfig['pci'][number] {
  const options = new Map(pairs(text));
  const [first = ''] = options.keys();
  const address = options.get('bdf') ?? first.replace(/@.*$/, '');
  const device = parseSbdf(address);
  if (device === null) {
    throw new BadSetting(
      `The pci setting "${text}" names no device by its address, such as 0000:00:1d.0.`,
    );
  }
  const policy = options.get('rdm_policy');
  const rdmPolicy = policy === undefined ? null : parsePolicy(`pci "${text}"`, policy);
  return { device, rdmPolicy };
}

/** Reads each setting of a file that matters, into what it says. */
const READERS: Record<string, (value: XlValue, name: string) => GuestOptions> = {
  mmio_hole: (value, name) => ({ mmioHole: parseMmioHole(name, atom(name, value)) }),
  rdm_mem_boundary: (value, name) => ({ rdmMemBoundary: parseMib(name, atom(name, value)) }),
  hap: (value, name) => ({ hap: !/^0+$/.test(atom(name, value)) }),
  rdm: (value, name) => ({ rdm: parseRdm(atom(name, value)) }),
  pci: (value, name) => ({ pci: list(name, value).map(parsePciSpec) }),
};
const MEMORY = ['memory', 'maxmem', 'videoram'] as const;

const atom = (name: string, value: XlValue): string => {
  if (typeof value === 'string') return value;
  throw new BadSetting(`${name} is a single value, not a list.`);
};

const list = (name: string, value: XlValue): string[] => {
  if (Array.isArray(value)) return value.map((item) => atom(`An entry of ${name}`, item));
  throw new BadSetting(`${name} is a list in brackets.`);
};

/** What an xl configuration file says of a guest's memory layout. */
export interface XlGuest {
  /** All but the memory. */
  options: GuestOptions;
  /** Bytes of RAM, and what to know of them; null where the file has no memory. */
  memory: { bytes: bigint; notes: Note[] } | null;
  notes: Note[];
}

/**
 * Reads what matters here from an xl configuration file; all else in it is ignored.
 *
 * @throws BadSetting where a setting that matters cannot be understood
 */
export function readXlGuest(text: string): XlGuest {
  const { settings, problems } = parseXlCfg(text);
  const wanted = new Set<string | null>([...Object.keys(READERS), ...MEMORY]);
  const problem = problems.find(({ name }) => wanted.has(name));
  if (problem !== undefined) {
    throw new BadSetting(`${problem.name} in line ${problem.line} has no value that xl can read.`);
  }
  const options: GuestOptions = {};
  for (const [name, read] of Object.entries(READERS)) {
    const value = settings.get(name);
    if (value !== undefined) Object.assign(options, read(value, name));
  }
  return { options, memory: readMemory(settings), notes: typeNotes(settings) };
}

function readMemory(settings: ReadonlyMap<string, XlValue>): XlGuest['memory'] {
  const [memory, maxmem, videoram] = MEMORY.map((name) => {
    const value = settings.get(name);
    return value === undefined ? undefined : parseMib(name, atom(name, value));
  });
  const maximum = maxmem ?? memory;
  if (maximum === undefined) return null;
  const notes: Note[] = [];
  if (videoram === undefined) {
    notes.push({
      code: 'video-memory-unknown',
      severity: 'info',
      message:
        'The file does not say how much of the memory is video memory (videoram); none is taken off. libxl takes off 8 MiB or 16 MiB, as the graphics card needs.',
    });
  }
  if (memory !== undefined && memory < maximum) {
    notes.push({
      code: 'populated-on-demand',
      severity: 'warning',
      message:
        'memory is less than maxmem: libxl populates such a guest on demand, and gives it no PCI device.',
    });
  }
  return { bytes: maximum - (videoram ?? 0n), notes };
}

/** The layout is that of an HVM guest; xl's default type is pv. */
function typeNotes(settings: ReadonlyMap<string, XlValue>): Note[] {
  const type = settings.get('type') ?? settings.get('builder');
  if (type === 'hvm') return [];
  const what = typeof type === 'string' ? `is of type ${type}` : 'has no type, which makes it pv';
  return [
    {
      code: 'not-hvm',
      severity: 'warning',
      message: `The guest ${what}; what is shown is where the memory of a guest of type hvm goes.`,
    },
  ];
}
