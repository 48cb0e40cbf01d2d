import type { ParseError } from 'jsonc-parser';
import type { JsonProblem } from '../acpi/from-json.js';
import { tableFromJson } from '../acpi/table-from-json.js';
import { decodeTable } from '../acpi/tables.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { readContent } from '../evidence/content.js';
import { MAX_SIZE } from '../evidence/limit.js';
import { noTableInLog, sourceName } from '../evidence/source.js';
import { readPath } from '../read/bounded-read.js';
import { NODE_TOOLS } from '../read/tools.js';
import { writeNewFile } from '../write/new-file.js';
import type { GlobalOptions } from './declarations.js';
import { complainOf, print } from './output.js';

export interface BuildOptions extends GlobalOptions {
  output: string;
  fix?: boolean;
  force?: boolean;
}

/** Most bytes of a source that are read; of a table they tell some 5 MiB. */
const MAX_JSON_SIZE = 128 * 2 ** 20;

/** Most values in a source, as many as tell of such a table: each is held in memory, however short it is. */
const MAX_VALUES = 2 ** 23;

/** Problems told at once; a source made by a program can have as many as it has structures. */
const MOST_PROBLEMS = 10;

/** `dmar build`: writes the table that a JSON source describes. */
export async function run(paths: string[], options: BuildOptions): Promise<ExitStatus> {
  const path = paths[0] ?? '-';
  const name = sourceName(path);
  const { bytes, problems } = tableFromJson(await readJson(path, name), options);
  if (bytes === null) {
    const [first = '', ...more] = tell(name, problems);
    throw new Failure('json-no-table', first, hint(problems), EXIT.noTable, more);
  }
  if (options.output === '-') await print(bytes);
  else writeNewFile(options.output, bytes, { force: options.force ?? false });
  // Lengths and checksum are right now; what else is wrong, such as bytes that are no structure, stays.
  if (options.fix && !options.quiet) await complainOf(name, [], decodeTable(bytes).diagnostics);
  return EXIT.fine;
}

async function readJson(path: string, name: string): Promise<unknown> {
  const bytes = await readPath(path, MAX_JSON_SIZE, (head) => {
    if (!/^\s*[{[]/.test(new TextDecoder().decode(head))) throw notJson(name);
  }).catch((error) => {
    // The hint names an option that build has not: more than this no string can hold.
    if (error instanceof Failure && error.code === 'too-large')
      throw new Failure(error.code, error.message);
    throw error;
  });
  if (bytes === null) throw new Failure('a-directory', `${path} is a directory.`);
  refuseMany(bytes, name);
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text);
  } catch {
    await refuseLog(bytes, name);
    throw notJson(name, await firstError(text));
  }
}

/** Characters that a value of JSON begins with or ends at: `[`, `{` and `,`. */
const VALUE_MARKS: ReadonlySet<number> = new Set([0x5b, 0x7b, 0x2c]);

/** @throws Failure where JSON has more values than any table has */
function refuseMany(bytes: Uint8Array, name: string): void {
  let values = 0;
  for (const byte of bytes) if (VALUE_MARKS.has(byte)) values++;
  if (values <= MAX_VALUES) return;
  const most = MAX_VALUES.toLocaleString('en').replaceAll(',', ' ');
  throw new Failure(
    'too-large',
    `${name} holds more than ${most} values, and no table has so many.`,
  );
}

/** Tells somebody who hopes to get a table out of a kernel's log why that cannot be. */
async function refuseLog(bytes: Uint8Array, name: string): Promise<void> {
  const content = await readContent(bytes, name, MAX_SIZE, NODE_TOOLS.inflaters).catch((error) => {
    if (error instanceof Failure) return null;
    throw error;
  });
  if (content?.kind === 'linux-log' || content?.kind === 'xen-log') {
    throw noTableInLog(name, content.kind);
  }
}

const notJson = (name: string, why = ''): Failure =>
  new Failure(
    'not-json',
    `${name} is not JSON${why}.`,
    'build reads what show --json prints, and shorter sources of the same form.',
  );

/** Where a text stops being JSON and why, in the same words whichever engine runs this. */
async function firstError(text: string): Promise<string> {
  const { parse, printParseErrorCode } = await import('jsonc-parser');
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true });
  } catch (error) {
    // It goes down into each list in turn, and there may be more of them than there is room for.
    if (error instanceof RangeError) return '';
    throw error;
  }
  const [first] = errors;
  if (first === undefined) return '';
  const lines = text.slice(0, first.offset).split('\n');
  const place = `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
  const why = printParseErrorCode(first.error).replace(/\B[A-Z]/g, (letter) => ` ${letter}`);
  return ` (${place}): ${why.toLowerCase()}`;
}

function tell(name: string, problems: readonly JsonProblem[]): string[] {
  const lines = problems
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${name}: ${path === '' ? '' : `${path}: `}${message}`);
  const more = problems.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more of the kind.`] : [])];
}

const hint = (problems: readonly JsonProblem[]): string | undefined =>
  problems.some(({ path }) => path === 'structures')
    ? 'A table is an object with a list of structures, as show --json prints it.'
    : undefined;
