import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { readPath } from '../read/bounded-read.js';
import { type JsonObject, toJsonText } from '../render/basics/json.js';
import { sourceToJson } from '../render/basics/source-json.js';
import type { GuestAnswer } from '../render/guest/json.js';
import { explainLayout, explainVerdict, type Note } from '../toolstack/explain.js';
import {
  type GuestConfig,
  type GuestLayout,
  LOW_MEMORY_START,
  layOutGuest,
  MIB,
  type ReservedDeviceMemory,
} from '../toolstack/libxl/layout.js';
import {
  BadSetting,
  completeConfig,
  type GuestOptions,
  parseMib,
  parseMmioHole,
  parsePciSpec,
  parseRdm,
  readXlGuest,
  type XlGuest,
} from '../toolstack/xl/config.js';
import type { Xen } from '../xen/boot.js';
import { askRdmMap, type RdmMapResult, type RdmRequest } from '../xen/rdm-map.js';
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
  const guest = await readGuest(options);
  const documents: JsonObject[] = [];
  const status = await eachSource(paths, options, async (input) => {
    const answer = await answerFor(input, guest, options);
    await printAnswer(answer, input, options, documents);
    await draw(answer, options);
    return answer.layout.refusal === null ? EXIT.fine : EXIT.no;
  });
  if (options.format === 'json') await printDocuments(documents, paths.length);
  return status;
}

const usage = (message: string, hint?: string): Failure =>
  new Failure('bad-guest', message, hint, EXIT.usage);

/** A guest as file and command line have it, and what is worth knowing of the file. */
interface Guest {
  config: GuestConfig;
  remarks: Note[];
}

async function readGuest(options: GuestCommandOptions): Promise<Guest> {
  try {
    const given = fromCommandLine(options);
    const file = options.config === undefined ? null : await readConfig(options.config);
    const memory = given.memory ?? file?.memory?.bytes;
    if (memory === undefined) {
      throw usage(
        options.config === undefined
          ? "The guest's memory is not known."
          : `The guest's memory is not known: ${options.config} has no memory and no maxmem.`,
        'Say it in MiB, as in --memory 2800, or name a configuration file that has it with --config.',
      );
    }
    if (memory <= LOW_MEMORY_START) throw usage('A guest has more than 1 MiB of memory.');
    const memoryNotes = given.memory === undefined ? (file?.memory?.notes ?? []) : [];
    return {
      config: completeConfig({ ...file?.options, ...given, memory }),
      remarks: [...(file?.notes ?? []), ...memoryNotes],
    };
  } catch (error) {
    throw error instanceof BadSetting ? usage(error.message) : error;
  }
}

/** Most bytes of a configuration file that are read. */
const MAX_CONFIG_SIZE = 1 << 20;

async function readConfig(path: string): Promise<XlGuest> {
  const bytes = await readPath(path, MAX_CONFIG_SIZE, () => undefined).catch((error) => {
    // What else is said of too large a file is about tables.
    throw error instanceof Failure && error.code === 'too-large' ? usage(error.message) : error;
  });
  if (bytes === null) throw usage(`${path} is a directory, not a configuration file.`);
  try {
    return readXlGuest(new TextDecoder().decode(bytes));
  } catch (error) {
    throw error instanceof BadSetting ? usage(`${path}: ${error.message}`) : error;
  }
}

function fromCommandLine(options: GuestCommandOptions): GuestOptions {
  const { memory, mmioHole, rdm, rdmMemBoundary, pci, hap } = options;
  return {
    ...(memory === undefined ? {} : { memory: parseMib('--memory', memory) }),
    ...(mmioHole === undefined ? {} : { mmioHole: parseMmioHole('--mmio-hole', mmioHole) }),
    ...(rdm === undefined ? {} : { rdm: parseRdm(rdm) }),
    ...(rdmMemBoundary === undefined
      ? {}
      : { rdmMemBoundary: parseMib('--rdm-mem-boundary', rdmMemBoundary) }),
    ...(pci === undefined ? {} : { pci: pci.map(parsePciSpec) }),
    ...(hap ? {} : { hap }),
  };
}

async function answerFor(
  input: SourceInput,
  { config, remarks }: Guest,
  options: XenOptions,
): Promise<GuestAnswer> {
  if (config.pci.length > 0) requireDevices(input.source);
  const { bytes, host, notes: said, clean } = await xenInputOf(input);
  const { xen, iommu, notes } = bootFromOptions(bytes, host, options);
  requireXen(xen);
  const ask = (request: Partial<RdmRequest>) =>
    clean(askRdmMap(xen, { abi: 'native', ...request }));
  const laidOut = layOutGuest(config, (device) =>
    entriesOf(ask(device === null ? {} : { device })),
  );
  const layout = withPassthrough(laidOut, config, xen);
  return {
    config,
    layout,
    remarks: [...passthroughNotes(xen), ...remarks, ...explainLayout(layout, config)],
    notes: [...said, ...notes, ...(host?.notes ?? [])],
    diagnostics: ask({}).diagnostics,
    xen,
    iommu,
  };
}

/** The hypercall as libxl makes it (libxl__xc_device_get_rdm), and who uses each region. */
const entriesOf = ({ answer }: RdmMapResult): ReservedDeviceMemory[] =>
  (answer?.entries ?? []).map(({ start_pfn, nr_pages, unit }) => ({
    start_pfn,
    nr_pages,
    owners: unit.devices.map(({ name }) => name),
  }));

/** Without VT-d the toolstack refuses to assign a device, whatever the layout. */
const withPassthrough = (layout: GuestLayout, { pci }: GuestConfig, xen: Xen): GuestLayout =>
  pci.length === 0 || xen.iommu_enabled
    ? layout
    : { ...layout, refusal: 'no-passthrough', e820: [] };

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

const passthroughNotes = ({ iommu_enabled }: Xen): Note[] =>
  iommu_enabled
    ? []
    : [
        {
          code: 'no-passthrough',
          severity: 'warning',
          message:
            'VT-d is off, so that the hypervisor reports no region, and no device can be given to a guest.',
        },
      ];

async function printAnswer(
  answer: GuestAnswer,
  { source, index }: SourceInput,
  options: GuestCommandOptions,
  documents: JsonObject[],
): Promise<void> {
  switch (options.format) {
    case 'json': {
      const { guestToJson } = await import('../render/guest/json.js');
      documents.push(guestToJson(await sourceToJson(source), answer));
      return;
    }
    case 'ndjson': {
      const { regionsToJson } = await import('../render/guest/json.js');
      for (const region of regionsToJson(answer)) {
        await print(toJsonText({ source: source.path, ...region }, 0));
      }
      return warn(source.path, answer, options);
    }
    case 'csv': {
      const { GUEST_CSV_HEADING, guestToCsv } = await import('../render/guest/csv.js');
      await print((index === 0 ? GUEST_CSV_HEADING : '') + guestToCsv(source.path, answer));
      return warn(source.path, answer, options);
    }
    default: {
      const { renderGuest } = await import('../render/guest/table.js');
      const { pageOf } = await import('./page.js');
      const text = await renderGuest(answer, source.path, await pageOf(options));
      await print(index > 0 ? `\n${text}` : text);
    }
  }
}

/** For formats that have room for the regions alone: why there is no guest, and what is dubious. */
async function warn(path: string, answer: GuestAnswer, { quiet }: GuestCommandOptions) {
  const { layout, config, notes, remarks, diagnostics } = answer;
  if (layout.refusal !== null) {
    await complain(`dmar: ${path}: ${explainVerdict(layout, config)}`);
  }
  if (!quiet) await complainOf(path, notes, [...remarks, ...diagnostics]);
}

function draw({ config, layout }: GuestAnswer, options: SvgOptions): Promise<void> {
  const fate = layout.refusal === null ? '' : ', which cannot be created';
  const title = `Guest with ${config.memory / MIB} MiB of RAM${fate}`;
  return drawSvg(options, title, 'guest-physical address', async () => {
    const { guestRanges } = await import('../render/guest/picture.js');
    return guestRanges(layout);
  });
}
