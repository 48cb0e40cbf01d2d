import { type DmarTable, decodeDmar } from '../acpi/dmar/decode.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import type { Sbdf } from '../base/sbdf.js';
import type { Host } from '../machine/host.js';
import { type JsonObject, toJsonText } from '../render/basics/json.js';
import { sourceToJson } from '../render/basics/source-json.js';
import { entriesToJson, mapToJson } from '../render/map/json.js';
import { errnoName } from '../xen/hypercall/errno.js';
import { askRdmMap, type RdmMapResult } from '../xen/rdm-map.js';
import type { SourceOptions } from './declarations.js';
import { eachSource, printDocuments, type SourceInput } from './each-source.js';
import { complain, complainOf, print } from './output.js';
import { drawSvg, requireOneDrawn, type SvgOptions } from './svg.js';
import { requireDevices, xenInputOf } from './xen-input.js';
import { bootFromOptions, type XenOptions } from './xen-options.js';

export interface MapOptions extends SourceOptions, XenOptions, SvgOptions {
  compat?: boolean;
  nrEntries?: number;
  device?: Sbdf;
  raw?: boolean;
}

/** One source's map and all that is said about it. */
interface Answered {
  input: SourceInput;
  header: DmarTable | null;
  result: RdmMapResult;
  iommu: 'on' | 'off';
  notes: string[];
}

/** `dmar map`: the guest-visible PFN map of each source. */
export async function run(paths: string[], options: MapOptions): Promise<ExitStatus> {
  requireOneDrawn(paths, options);
  requireOneBuffer(paths, options);
  const documents: JsonObject[] = [];
  const status = await eachSource(paths, options, async (input) => {
    const answered = await answer(input, options);
    await printAnswer(answered, options, documents, paths.length);
    await draw(answered, options);
    return answered.result.answer?.rc === 0 ? EXIT.fine : EXIT.no;
  });
  if (options.format === 'json') await printDocuments(documents, paths.length);
  return status;
}

/** @throws Failure where the buffer's bytes would not be alone on standard output, or not in the format asked for */
function requireOneBuffer(paths: readonly string[], { raw, format }: MapOptions): void {
  if (!raw || (paths.length <= 1 && format === 'table')) return;
  const message =
    paths.length > 1
      ? '--raw prints the buffer of one source, and more than one is given.'
      : `--raw prints bytes, not ${format}.`;
  throw new Failure('one-buffer', message, undefined, EXIT.usage);
}

async function answer(input: SourceInput, options: MapOptions): Promise<Answered> {
  const { source } = input;
  if (options.device !== undefined) requireDevices(source);
  const { bytes, host, notes: said, clean } = await xenInputOf(input);
  const { asked, iommu, notes } = ask(bytes, host, options);
  const result = clean(asked);
  const { table, diagnostics } =
    source.kind === 'table' ? decodeDmar(source.bytes) : { table: null, diagnostics: [] };
  return {
    input: { ...input, host },
    header: table,
    result: { ...result, diagnostics: [...result.diagnostics, ...diagnostics] },
    iommu,
    notes: [...said, ...notes, ...(host?.notes ?? [])],
  };
}

/** Boots the hypervisor that the options name with a table, and makes the hypercall. */
function ask(bytes: Uint8Array, host: Host | null, options: MapOptions) {
  const { xen, iommu, notes } = bootFromOptions(bytes, host, options);
  if (options.device !== undefined && xen.release.interface === 'rfc-v7') {
    throw new Failure(
      'no-device-request',
      'The interface of rfc-v7 cannot ask for one device.',
      'Leave --device out, or ask with --xen 4.6 or later.',
      EXIT.usage,
    );
  }
  const { device, nrEntries: nr_entries } = options;
  const asked = askRdmMap(xen, {
    abi: options.compat ? 'compat' : 'native',
    nr_entries,
    ...(device === undefined ? {} : { device }),
  });
  return { asked, iommu, notes };
}

/** Draws the regions over the host's memory map. */
function draw({ input, result }: Answered, options: SvgOptions): Promise<void> {
  const { source, host } = input;
  const off = result.xen.iommu_enabled ? '' : ', none reported: VT-D IS OFF';
  const title = `Reserved memory regions${off}: ${source.path}`;
  return drawSvg(options, title, 'host-physical address', async () => {
    const { hostRanges } = await import('../render/map/picture.js');
    return hostRanges(result, host?.memoryMap ?? null);
  });
}

async function printAnswer(
  { input, header, result, iommu, notes }: Answered,
  options: MapOptions,
  documents: JsonObject[],
  asked: number,
): Promise<void> {
  const { source, host, index } = input;
  if (options.raw) {
    await print(result.answer?.buffer ?? new Uint8Array());
    await warn(source.path, result, notes, options);
    return;
  }
  switch (options.format) {
    case 'json': {
      documents.push(mapToJson(await sourceToJson(source), result, iommu, notes));
      return;
    }
    case 'ndjson': {
      for (const entry of entriesToJson(result)) {
        await print(toJsonText({ source: source.path, ...entry }, 0));
      }
      return warn(source.path, result, notes, options);
    }
    case 'csv': {
      const { MAP_CSV_HEADING, mapToCsv } = await import('../render/map/csv.js');
      await print((index === 0 ? MAP_CSV_HEADING : '') + mapToCsv(source.path, result));
      return warn(source.path, result, notes, options);
    }
    default: {
      const { renderMap } = await import('../render/map/table.js');
      const { pageOf } = await import('./page.js');
      const text = await renderMap(
        {
          title: source.path,
          header: header?.header ?? null,
          result,
          iommu,
          hostRoot: host === null ? null : host.root,
          notes,
        },
        await pageOf(options),
      );
      await print(asked > 1 && index > 0 ? `\n${text}` : text);
    }
  }
}

/** For formats that have no room for them: what went wrong, and what is odd, on standard error. */
async function warn(
  path: string,
  { answer, diagnostics }: RdmMapResult,
  notes: readonly string[],
  { quiet }: MapOptions,
): Promise<void> {
  if (answer !== null && answer.rc !== 0) {
    await complain(`dmar: ${path}: the hypercall failed with -${errnoName(answer.rc)}.`);
  }
  if (!quiet) await complainOf(path, notes, diagnostics);
}
