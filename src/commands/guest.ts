import { answerGuest, type GuestDescription, guestStatus, readGuest } from '../answers/guest.js';
import type { XenOptions } from '../answers/hypervisor.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { readPath } from '../read/bounded-read.js';
import { GUEST_FORMATS } from '../render/guest/formats.js';
import type { Firmware } from '../toolstack/hvmloader/e820.js';
import {
  BadSetting,
  type GuestOptions,
  type GuestType,
  parseMib,
  parseMmioHole,
  parsePciSpec,
  parseRdm,
  pciNotes,
  toConfig,
} from '../toolstack/xl/config.js';
import { findRelease, newestRelease } from '../xen/releases.js';
import type { SourceOptions } from './declarations.js';
import { answerEach } from './each-source.js';
import { drawSvg, requireOneDrawn, type SvgOptions } from './svg.js';

export interface GuestCommandOptions extends SourceOptions, XenOptions, SvgOptions {
  config?: string;
  memory?: string;
  mmioHole?: string;
  rdm?: string;
  rdmMemBoundary?: string;
  pci?: string[];
  type?: GuestType;
  bios?: Firmware;
  /** false: --no-hap. */
  hap: boolean;
}

/** `dmar guest`: a guest's memory layout around the reserved regions of each source. */
export async function run(paths: string[], options: GuestCommandOptions): Promise<ExitStatus> {
  requireOneDrawn(paths, options);
  const guest = await describe(options);
  // What is wrong with the guest ends the command before any source is read.
  readGuest(guest, (findRelease(options.xen ?? '') ?? newestRelease()).name);
  return answerEach(
    paths,
    { ...options, whole: options.svg !== undefined },
    GUEST_FORMATS,
    (evidence) => answerGuest(evidence, guest, options),
    async (answer) => {
      await drawSvg(options, async () => {
        const { guestPicture } = await import('../render/guest/picture.js');
        return guestPicture(answer);
      });
      return guestStatus(answer);
    },
  );
}

const usage = (message: string): Failure =>
  new Failure('bad-guest', message, undefined, EXIT.usage);

/** Most bytes of a configuration file that are read. */
const MAX_CONFIG_SIZE = 1 << 20;

async function describe(options: GuestCommandOptions): Promise<GuestDescription> {
  const { config } = options;
  const file = config === undefined ? null : { path: config, text: await readConfig(config) };
  try {
    const specs = options.pci?.map((text) => ({ text, spec: parsePciSpec(text) }));
    const pci = specs?.map(({ spec }) => toConfig(spec));
    return {
      options: { ...fromCommandLine(options), ...(pci === undefined ? {} : { pci }) },
      notes: specs?.flatMap(({ text, spec }) => pciNotes(spec, text, null)) ?? [],
      type: options.type,
      firmware: options.bios,
      file,
    };
  } catch (error) {
    throw error instanceof BadSetting ? usage(error.message) : error;
  }
}

async function readConfig(path: string): Promise<string> {
  const bytes = await readPath(path, MAX_CONFIG_SIZE, () => undefined).catch((error) => {
    // What else is said of too large a file is about tables.
    throw error instanceof Failure && error.code === 'too-large' ? usage(error.message) : error;
  });
  if (bytes === null) throw usage(`${path} is a directory, not a configuration file.`);
  return new TextDecoder().decode(bytes);
}

function fromCommandLine(options: GuestCommandOptions): GuestOptions {
  const { memory, mmioHole, rdm, rdmMemBoundary, hap } = options;
  return {
    ...(memory === undefined ? {} : { memory: parseMib('--memory', memory) }),
    ...(mmioHole === undefined ? {} : { mmioHole: parseMmioHole('--mmio-hole', mmioHole) }),
    ...(rdm === undefined ? {} : { rdm: parseRdm(rdm) }),
    ...(rdmMemBoundary === undefined
      ? {}
      : { rdmMemBoundary: parseMib('--rdm-mem-boundary', rdmMemBoundary) }),
    ...(hap ? {} : { hap }),
  };
}
