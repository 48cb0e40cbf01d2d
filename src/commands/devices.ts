import { decodeDmar } from '../acpi/dmar/decode.js';
import { type DeviceReport, reportDevices } from '../answers/devices.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { formatSbdf, parseSbdf, type Sbdf } from '../base/sbdf.js';
import { requireTable } from '../evidence/source.js';
import { asksToRelax, knowsRelax, type LinuxKernel, parseLinuxRelease } from '../linux/kernel.js';
import type { Host } from '../machine/host.js';
import { addressKey, type Candidate, candidatesOf } from '../regions/candidate.js';
import { DmarRegions } from '../regions/of-dmar.js';
import type { RegionUses } from '../regions/region.js';
import { type JsonObject, toJsonText } from '../render/basics/json.js';
import { sourceToJson } from '../render/basics/source-json.js';
import type { DevicesAnswer } from '../render/devices/json.js';
import type { SourceOptions } from './declarations.js';
import { eachSource, printDocuments, type SourceInput } from './each-source.js';
import { complainOf, print } from './output.js';
import { bootFromOptions, type XenOptions } from './xen-options.js';

export interface DevicesOptions extends SourceOptions, XenOptions {
  /** Release of the Linux kernel that judges. */
  linux?: string;
  relaxRmrr?: boolean;
  all?: boolean;
}

/** `dmar devices`: may these devices be given to a guest, and if not, why, and what then? */
export async function run(args: string[], options: DevicesOptions): Promise<ExitStatus> {
  const { devices, paths } = tellApart(args);
  const documents: JsonObject[] = [];
  // A host that stands beside a source is not known to have booted with it.
  const own = paths.length === 0 || options.root === undefined;
  const status = await eachSource(paths, options, async (input) => {
    const answer = answerFor(input, devices, own, options);
    await printAnswer(answer, input, options, documents);
    return devices.length > 0 && answer.reports.some(isBlocked) ? EXIT.no : EXIT.fine;
  });
  if (options.format === 'json') await printDocuments(documents, paths.length);
  return status;
}

const isBlocked = ({ linux, xen }: DeviceReport): boolean =>
  linux.verdict === 'blocked' || xen.verdict === 'blocked';

const usage = (code: string, message: string, hint?: string): Failure =>
  new Failure(code, message, hint, EXIT.usage);

/** Which arguments are devices; the others are sources. */
function tellApart(args: readonly string[]): { devices: Sbdf[]; paths: string[] } {
  const devices: Sbdf[] = [];
  const paths: string[] = [];
  for (const arg of args) {
    const sbdf = parseSbdf(arg);
    if (sbdf !== null) devices.push(sbdf);
    else if (/^[0-9a-f:]+[:.][0-9a-f.]+$/i.test(arg) && arg.includes(':')) {
      throw usage(
        'bad-device',
        `"${arg}" is no PCI address.`,
        'One looks like 0000:00:1d.0 or 00:1d.0, all in hex; the device goes up to 1f, the function to 7.',
      );
    } else paths.push(arg);
  }
  return { devices, paths };
}

function answerFor(
  { source, host }: SourceInput,
  devices: readonly Sbdf[],
  own: boolean,
  options: DevicesOptions,
): DevicesAnswer {
  const { bytes, path, notes: sourceNotes } = requireTable(source);
  const { table, diagnostics } = decodeDmar(bytes);
  if (table === null) throw new Failure('no-table', `${path} ends inside the table's header.`);
  const { xen, notes: xenNotes } = bootFromOptions(bytes, host, options);
  const regions = new DmarRegions(table, host?.pci ?? null);
  const candidates = candidatesOf(host, regions);
  const asked = new Set(devices.map(addressKey));
  requireDevices(devices, candidates, path);
  const { kernel, running, notes: linuxNotes } = chooseKernel(host, options);
  const wanted = ({ address, uses }: Candidate) =>
    asked.size > 0 ? asked.has(addressKey(address)) : options.all || uses.length > 0;
  const reports = reportDevices(candidates, wanted, {
    kernel,
    running,
    xen,
    bytes,
    host,
    own,
    chosen: options.linux !== undefined,
  });
  return {
    judges: { kernel, running, xen },
    reports,
    hostRoot: host?.root ?? null,
    names: host?.pciNames ?? null,
    notes: [
      ...sourceNotes,
      ...xenNotes,
      ...linuxNotes,
      ...missingFacts(host, regions),
      ...(host?.notes ?? []),
    ],
    diagnostics: diagnostics.filter(({ severity }) => severity === 'error'),
  };
}

function requireDevices(
  devices: readonly Sbdf[],
  candidates: readonly Candidate[],
  path: string,
): void {
  const there = new Set(candidates.map(({ address }) => addressKey(address)));
  const missing = devices.find((device) => !there.has(addressKey(device)));
  if (missing === undefined) return;
  throw usage(
    'no-such-device',
    `${path}: there is no device ${formatSbdf(missing)} on this machine.`,
    'dmar devices --all lists every device there is.',
  );
}

/** The kernel assumed where none is known: the first with the rules of today's. */
const TODAY = '6.6';

function chooseKernel(
  host: Host | null,
  { linux, relaxRmrr }: DevicesOptions,
): { kernel: LinuxKernel; running: LinuxKernel | null; notes: string[] } {
  const relaxed = asksToRelax(host?.linuxCmdline ?? '');
  const release = host?.linux ?? null;
  const running = release === null ? null : parseLinuxRelease(release);
  // Other kernels do not know the option, and say so in their log.
  const runs =
    running === null ? null : { ...running, relaxesAll: relaxed && knowsRelax(running.release) };
  if (linux !== undefined) {
    const kernel = parseLinuxRelease(linux);
    if (kernel !== null) return { ...relax(kernel, relaxRmrr), running: runs };
    throw usage('unknown-release', `"${linux}" is no release of Linux.`, 'One looks like 6.8.');
  }
  const chosen = runs ?? (parseLinuxRelease(TODAY) as LinuxKernel);
  const { kernel, notes } = relax(chosen, relaxRmrr);
  if (runs === null) {
    notes.push(`The kernel version is unknown; assuming ${TODAY} or later (set it with --linux).`);
  }
  return { kernel, running: runs, notes };
}

/** A kernel as if it had been booted with relax_rmrr or not, and a note where no kernel of its kind knows that. */
function relax(
  kernel: LinuxKernel,
  wanted: boolean | undefined,
): { kernel: LinuxKernel; notes: string[] } {
  if (wanted === undefined) return { kernel, notes: [] };
  const { release } = kernel;
  const unknown = wanted && !/^[\d.]+$/.test(release) && !knowsRelax(release);
  return {
    kernel: { ...kernel, relaxesAll: wanted },
    notes: unknown
      ? [`Linux ${release} is not known to have intel_iommu=relax_rmrr; judged as if it had.`]
      : [],
  };
}

/** Sentences about facts the answer would need and the host does not have. */
function missingFacts(host: Host | null, regions: RegionUses): string[] {
  const notes: string[] = [];
  if (host !== null && host.pci === null) {
    notes.push('The host tells of no PCI devices; those that the table names are listed.');
  }
  if (regions.unresolved > 0) {
    notes.push(
      `The paths of ${regions.unresolved} device scope entries lead to no known device, over bridges that are not there or not known.`,
    );
  }
  if (host?.pci != null && (host.iommuGroups ?? []).length === 0) {
    const why = host.xen === null ? 'perhaps since its IOMMU is off' : 'since Xen keeps the IOMMU';
    notes.push(`The host tells of no IOMMU groups, ${why}; each device is judged alone.`);
  }
  return notes;
}

async function printAnswer(
  answer: DevicesAnswer,
  { source, index }: SourceInput,
  options: DevicesOptions,
  documents: JsonObject[],
): Promise<void> {
  switch (options.format) {
    case 'json': {
      const { devicesToJson } = await import('../render/devices/json.js');
      documents.push(devicesToJson(await sourceToJson(source), answer));
      return;
    }
    case 'ndjson': {
      const { deviceToJson } = await import('../render/devices/json.js');
      for (const report of answer.reports) {
        const device = deviceToJson(report, answer.names);
        await print(toJsonText({ source: source.path, ...device }, 0));
      }
      return warn(source.path, answer, options);
    }
    case 'csv': {
      const { DEVICES_CSV_HEADING, devicesToCsv } = await import('../render/devices/csv.js');
      await print((index === 0 ? DEVICES_CSV_HEADING : '') + devicesToCsv(source.path, answer));
      return warn(source.path, answer, options);
    }
    default: {
      const { renderDevices } = await import('../render/devices/table.js');
      const { pageOf } = await import('./page.js');
      const text = await renderDevices(answer, source.path, await pageOf(options));
      await print(index > 0 ? `\n${text}` : text);
    }
  }
}

/** For formats that have room for the devices alone. */
async function warn(
  path: string,
  { notes, diagnostics }: DevicesAnswer,
  { quiet }: DevicesOptions,
) {
  if (!quiet) await complainOf(path, notes, diagnostics);
}
