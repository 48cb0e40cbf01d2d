import { answerGuest, type GuestQuestion } from '../answers/guest.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { readPath } from '../read/bounded-read.js';
import { type JsonObject, toJsonText } from '../render/basics/json.js';
import { sourceToJson } from '../render/basics/source-json.js';
import type { GuestOfSource } from '../render/guest/json.js';
import { explainNote, explainVerdict } from '../render/guest/words.js';
import { ramOf } from '../toolstack/libxl/build-info.js';
import { LOW_MEMORY_START, MIB } from '../toolstack/libxl/layout.js';
import {
  BadSetting,
  completeConfig,
  type GuestOptions,
  parseMib,
  parseMmioHole,
  parsePciSpec,
  parseRdm,
  pciNotes,
  readXlGuest,
  toConfig,
  type XlGuest,
} from '../toolstack/xl/config.js';
import { xlOf } from '../toolstack/xl/releases.js';
import type { Xen } from '../xen/boot.js';
import { findRelease, newestRelease } from '../xen/releases.js';
import type { SourceOptions } from './declarations.js';
import { eachSource, printDocuments, type SourceInput } from './each-source.js';
import { complain, complainOf, print } from './output.js';
import { drawSvg, requireOneDrawn, type SvgOptions } from './svg.js';
import { requireDevices, xenInputOf } from './xen-input.js';
import { bootFromOptions, type XenOptions } from './xen-options.js';

export interface GuestCommandOptions extends SourceOptions, XenOptions, SvgOptions {
  config?: string;
  memory?: string;
  mmioHole?: string;
  rdm?: string;
  rdmMemBoundary?: string;
  pci?: string[];
  /** false: --no-hap. */
  hap: boolean;
}

/** `dmar guest`: a guest's memory layout around the reserved regions of each source. */
export async function run(paths: string[], options: GuestCommandOptions): Promise<ExitStatus> {
  requireOneDrawn(paths, options);
  const file = options.config === undefined ? null : await readConfig(options.config);
  // What is wrong with the guest ends the command before any source is read.
  questionFor((findRelease(options.xen ?? '') ?? newestRelease()).name, file, options);
  const documents: JsonObject[] = [];
  const status = await eachSource(paths, options, async (input) => {
    const guest = await answerFor(input, file, options);
    await printAnswer(guest, input, options, documents);
    await draw(guest, options);
    return guest.answer.refusal === null ? EXIT.fine : EXIT.no;
  });
  if (options.format === 'json') await printDocuments(documents, paths.length);
  return status;
}

const usage = (message: string, hint?: string): Failure =>
  new Failure('bad-guest', message, hint, EXIT.usage);

/** Most bytes of a configuration file that are read. */
const MAX_CONFIG_SIZE = 1 << 20;

interface ConfigFile {
  path: string;
  text: string;
}

async function readConfig(path: string): Promise<ConfigFile> {
  const bytes = await readPath(path, MAX_CONFIG_SIZE, () => undefined).catch((error) => {
    // What else is said of too large a file is about tables.
    throw error instanceof Failure && error.code === 'too-large' ? usage(error.message) : error;
  });
  if (bytes === null) throw usage(`${path} is a directory, not a configuration file.`);
  return { path, text: new TextDecoder().decode(bytes) };
}

/** The guest that the file and the command line describe to the toolstack of a release. */
function questionFor(
  release: string,
  file: ConfigFile | null,
  options: GuestCommandOptions,
): GuestQuestion {
  try {
    const { pci, notes } = devicesFromCommandLine(options);
    const given = { ...fromCommandLine(options), ...(pci === null ? {} : { pci }) };
    const xl = file === null ? null : readFile(file, release);
    const memory = given.memory ?? (xl === null ? null : ramOf(xl.info));
    if (memory === null) {
      throw usage(
        file === null
          ? "The guest's memory is not known."
          : `The guest's memory is not known: ${file.path} has no memory and no maxmem.`,
        'Say it in MiB, as in --memory 2800, or name a configuration file that has it with --config.',
      );
    }
    if (memory <= LOW_MEMORY_START) throw usage('A guest has more than 1 MiB of memory.');
    return {
      config: completeConfig({ ...xl?.options, ...given, memory }),
      info: given.memory === undefined ? (xl?.info ?? null) : null,
      notes: [...(xl?.notes ?? []), ...notes],
    };
  } catch (error) {
    throw error instanceof BadSetting ? usage(error.message) : error;
  }
}

function readFile({ path, text }: ConfigFile, release: string): XlGuest {
  try {
    return readXlGuest(text, xlOf(release), release);
  } catch (error) {
    throw error instanceof BadSetting ? usage(`${path}: ${error.message}`) : error;
  }
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

function devicesFromCommandLine({ pci }: GuestCommandOptions) {
  const specs = pci?.map((text) => ({ text, spec: parsePciSpec(text) })) ?? null;
  return {
    pci: specs?.map(({ spec }) => toConfig(spec)) ?? null,
    notes: specs?.flatMap(({ text, spec }) => pciNotes(spec, text, null)) ?? [],
  };
}

async function answerFor(
  input: SourceInput,
  file: ConfigFile | null,
  options: GuestCommandOptions,
): Promise<GuestOfSource> {
  const { bytes, host, notes: said, clean } = await xenInputOf(input);
  const { xen, iommu, notes } = bootFromOptions(bytes, host, options);
  requireXen(xen);
  const question = questionFor(xen.release.name, file, options);
  if (question.config.pci.length > 0) requireDevices(input.source);
  return {
    answer: answerGuest(question, xen, host, clean),
    iommu,
    notes: [...said, ...notes, ...(host?.notes ?? [])],
  };
}

function requireXen({ release, outcome, why }: Xen): void {
  if (release.interface === 'rfc-v7') {
    throw usage(
      'The toolstack asks for reserved regions from Xen 4.6 on, and not with rfc-v7.',
      'Leave --xen out, or name a release.',
    );
  }
  if (outcome !== 'ok') {
    const message = `Xen does not boot on this machine: ${why}.`;
    throw new Failure('xen-down', message, undefined, EXIT.no);
  }
}

async function printAnswer(
  guest: GuestOfSource,
  { source, index }: SourceInput,
  options: GuestCommandOptions,
  documents: JsonObject[],
): Promise<void> {
  switch (options.format) {
    case 'json': {
      const { guestToJson } = await import('../render/guest/json.js');
      documents.push(guestToJson(await sourceToJson(source), guest));
      return;
    }
    case 'ndjson': {
      const { regionsToJson } = await import('../render/guest/json.js');
      for (const region of regionsToJson(guest.answer)) {
        await print(toJsonText({ source: source.path, ...region }, 0));
      }
      return warn(source.path, guest, options);
    }
    case 'csv': {
      const { GUEST_CSV_HEADING, guestToCsv } = await import('../render/guest/csv.js');
      await print((index === 0 ? GUEST_CSV_HEADING : '') + guestToCsv(source.path, guest.answer));
      return warn(source.path, guest, options);
    }
    default: {
      const { renderGuest } = await import('../render/guest/table.js');
      const { pageOf } = await import('./page.js');
      const text = await renderGuest(guest, source.path, await pageOf(options));
      await print(index > 0 ? `\n${text}` : text);
    }
  }
}

/** For formats that have room for the regions alone: why there is no guest, and what is dubious. */
async function warn(
  path: string,
  { answer, notes }: GuestOfSource,
  { quiet }: GuestCommandOptions,
) {
  if (answer.refusal !== null) {
    await complain(`dmar: ${path}: ${explainVerdict(answer)}`);
  }
  const remarks = answer.notes.map((note) => explainNote(note, answer));
  if (!quiet) await complainOf(path, notes, [...remarks, ...answer.diagnostics]);
}

function draw({ answer }: GuestOfSource, options: SvgOptions): Promise<void> {
  const { config, layout, refusal } = answer;
  const fate = refusal === null ? '' : ', which cannot be created';
  const title = `Guest with ${config.memory / MIB} MiB of RAM${fate}`;
  return drawSvg(options, title, 'guest-physical address', async () => {
    const { guestRanges } = await import('../render/guest/picture.js');
    return guestRanges(layout);
  });
}
