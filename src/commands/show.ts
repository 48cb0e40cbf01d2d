import { scopeDevice } from '../acpi/dmar/device-scope.js';
import type { Decoded, ResolvePath } from '../acpi/table-layout.js';
import {
  decodeTable,
  listTable,
  structureToJson,
  type Table,
  tableToJson,
} from '../acpi/tables.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { requireTable, type TableSource } from '../evidence/source.js';
import type { JsonObject } from '../render/basics/json.js';
import { sourceToJson } from '../render/basics/source-json.js';
import type { SourceOptions } from './declarations.js';
import { eachSource, printDocuments, type SourceInput } from './each-source.js';
import { complainOf, print } from './output.js';

export interface ShowOptions extends SourceOptions {
  hex?: boolean;
}

/** One source's table, decoded. */
interface Shown extends SourceInput {
  source: TableSource;
  table: Table;
  diagnostics: Decoded['diagnostics'];
  resolve: ResolvePath | undefined;
  /** What a person should know beside the diagnostics. */
  notes: string[];
}

/** Characters of text that are collected before they are written. */
const BATCH = 64 * 1024;

/** `dmar show`: every field of every structure of each source. */
export async function run(paths: string[], options: ShowOptions): Promise<ExitStatus> {
  const documents: JsonObject[] = [];
  const status = await eachSource(paths, options, async (input) => {
    const shown = decode(input);
    const { source, notes, diagnostics } = shown;
    if (options.format === 'json') documents.push(await toDocument(shown));
    else {
      const lines = await FORMATS[options.format]?.(shown, options);
      await printBatched(lines ?? []);
      const told = options.format === 'table';
      if (!told && !options.quiet) await complainOf(source.path, notes, diagnostics);
    }
    return EXIT.fine;
  });
  if (options.format === 'json') await printDocuments(documents, paths.length);
  return status;
}

function decode(input: SourceInput): Shown {
  const { host } = input;
  const source = requireTable(input.source);
  const { table, diagnostics } = decodeTable(source.bytes);
  if (table === null) {
    throw new Failure('table-header-truncated', `${source.path}: ${diagnostics[0]?.message}`);
  }
  const pci = host?.pci;
  const resolve: ResolvePath | undefined = pci
    ? (segment, startBus, path) => pci.resolvePath(segment, startBus, path)
    : undefined;
  const notes = [...source.notes, ...noteUnresolved(table, resolve)];
  return { ...input, source, table, diagnostics, resolve, notes };
}

/** Says that paths over bridges could not be followed. */
function noteUnresolved({ structures }: Table, resolve?: ResolvePath): string[] {
  const paths = structures.flatMap((structure) => {
    if (!('deviceScope' in structure)) return [];
    const { segment } = structure;
    return structure.deviceScope
      .filter(({ startBusNumber: bus, path }) => path.length > 1 && !resolve?.(segment, bus, path))
      .map((scope) => scopeDevice(scope, segment));
  });
  const [first] = paths;
  if (first === undefined) return [];
  const which = paths.length === 1 ? 'One device' : `Each of ${paths.length} devices`;
  const why =
    resolve === undefined
      ? 'which bus that is only the machine can tell (--root)'
      : 'this machine has no such bridge';
  return [`${which} is named by a path over bridges, as ${first}; ${why}.`];
}

async function toDocument({
  source,
  table,
  diagnostics,
  resolve,
  notes,
}: Shown): Promise<JsonObject> {
  return {
    source: await sourceToJson(source),
    ...tableToJson(table, resolve),
    diagnostics: diagnostics.map((diagnostic) => ({ ...diagnostic })),
    notes,
  };
}

type Format = (shown: Shown, options: ShowOptions) => Promise<Iterable<string>>;

/** The formats that are written piece by piece, however large the table. */
const FORMATS: Readonly<Record<string, Format>> = { table: asText, ndjson: asLines, csv: asCsv };

async function asText(shown: Shown, options: ShowOptions) {
  const { source, table, diagnostics, resolve, notes, index } = shown;
  const { renderOddities, renderPart } = await import('../render/show/table.js');
  const { plural, wrap } = await import('../render/basics/text.js');
  const { pageOf } = await import('./page.js');
  const page = await pageOf(options);
  const bytes = options.hex ? source.bytes : null;
  function* parts() {
    const title = `${source.path}: ${plural(source.bytes.length, 'byte')}, signature ${source.signature}`;
    yield `${index > 0 ? '\n' : ''}${wrap(title, page.columns)}\n`;
    for (const part of listTable(table, source.bytes, resolve)) {
      yield `\n${renderPart(part, page, bytes)}`;
    }
    const oddities = renderOddities(notes, diagnostics, page);
    if (oddities !== '') yield `\n${oddities}`;
  }
  return parts();
}

async function asLines({ source, table, resolve }: Shown) {
  function* lines() {
    for (const structure of table.structures) {
      const line = { source: source.path, ...structureToJson(table.kind, structure, resolve) };
      yield `${JSON.stringify(line)}\n`;
    }
  }
  return lines();
}

async function asCsv({ source, table, resolve, index }: Shown) {
  const { SHOW_CSV_HEADING, structureToCsv } = await import('../render/show/csv.js');
  function* lines() {
    if (index === 0) yield SHOW_CSV_HEADING;
    for (const structure of table.structures) {
      yield structureToCsv(source.path, structureToJson(table.kind, structure, resolve));
    }
  }
  return lines();
}

async function printBatched(pieces: Iterable<string>): Promise<void> {
  let batch = '';
  for (const piece of pieces) {
    batch += piece;
    if (batch.length < BATCH) continue;
    await print(batch);
    batch = '';
  }
  await print(batch);
}
