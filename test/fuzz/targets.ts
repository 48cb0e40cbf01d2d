import { tableFromJson } from '../../src/acpi/table-from-json.js';
import { decodeTable, encodeTable } from '../../src/acpi/tables.js';
import { answerCheck } from '../../src/answers/check.js';
import { answerDevices } from '../../src/answers/devices.js';
import { answerDiff } from '../../src/answers/diff.js';
import type { Evidence } from '../../src/answers/evidence.js';
import { answerExplain } from '../../src/answers/explain.js';
import { answerGuest, type GuestDescription } from '../../src/answers/guest.js';
import { answerMap } from '../../src/answers/map.js';
import { answerShow } from '../../src/answers/show.js';
import { Failure } from '../../src/base/failure.js';
import { checkTable } from '../../src/check/check.js';
import { readHost } from '../../src/evidence/host.js';
import { sourceOf } from '../../src/evidence/source-of.js';
import { NODE_TOOLS } from '../../src/read/tools.js';
import type { Format } from '../../src/render/basics/format.js';
import { toJsonText } from '../../src/render/basics/json.js';
import { PLAIN } from '../../src/render/basics/style.js';
import { table as checkText } from '../../src/render/check/table.js';
import { json as devicesJson } from '../../src/render/devices/json.js';
import { table as devicesTable } from '../../src/render/devices/table.js';
import { table as diffTable } from '../../src/render/diff/table.js';
import { table as explainTable } from '../../src/render/explain/table.js';
import { json as guestJson } from '../../src/render/guest/json.js';
import { table as guestTable } from '../../src/render/guest/table.js';
import { json as mapJson } from '../../src/render/map/json.js';
import { table as mapTable } from '../../src/render/map/table.js';
import { json as showJson } from '../../src/render/show/json.js';
import { table as showTable } from '../../src/render/show/table.js';
import { evidenceOf } from '../support/evidence.js';

/*
 * What a fuzzer calls, random or guided by coverage (test/fuzz/run.ts): each throws where the program would
 * crash, or where it breaks a promise of SECURITY.md.
 */

/** Bytes that a source may stand for: few, so that a bomb is met soon. */
export const FUZZ_LIMIT = 2 ** 18;

/** Does what may end in a sentence, but in nothing else. */
function orFailure<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** Draws an answer in all the ways that there are formats for. */
function draw<A>(ask: () => A, ...formats: readonly Format<A>[]): A | null {
  const answer = orFailure(ask);
  if (answer === null) return null;
  const page = { columns: 80, style: PLAIN };
  for (const { pieces, document, asides } of formats) {
    if (document) toJsonText(document(answer));
    for (const _ of pieces?.(answer, { page, hex: true, columns: null, header: true }) ?? []) {
      // Each piece is made when it is asked for.
    }
    asides?.(answer);
  }
  return answer;
}

/** Whatever is said of bytes points into them. */
export function requireInside(
  remarks: readonly { readonly offset: number; readonly length: number }[],
  size: number,
): void {
  for (const remark of remarks) {
    const { offset, length } = remark;
    if (offset >= 0 && length >= 0 && offset + length <= size) continue;
    throw new Error(`points out of ${size} bytes: ${JSON.stringify(remark, keepSimple)}`);
  }
}

const keepSimple = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);

const GUEST: GuestDescription = {
  options: { memory: 2800n << 20n, rdm: { strategy: 'host', policy: null } },
  notes: [],
  file: null,
};

/** Puts a question to evidence, and draws its answer. */
const QUESTIONS: readonly ((evidence: Evidence) => unknown)[] = [
  (evidence) => draw(() => answerMap(evidence), mapTable, mapJson),
  (evidence) => draw(() => answerShow(evidence), showTable, showJson),
  (evidence) => draw(() => answerDevices(evidence), devicesTable, devicesJson),
  (evidence) => draw(() => answerGuest(evidence, GUEST), guestTable, guestJson),
  (evidence) => draw(() => answerDiff(evidence, evidence), diffTable),
  (evidence) => draw(() => answerExplain([evidence], []), explainTable),
  (evidence) => draw(() => answerCheck(evidence), checkText),
];

/** Bytes as a source of whatever form, and its map. */
export async function sources(bytes: Uint8Array): Promise<void> {
  try {
    const source = await sourceOf(bytes, 'it', { limit: FUZZ_LIMIT }, NODE_TOOLS);
    if (source.kind === 'table') {
      const { length } = source.bytes;
      if (length > Math.max(FUZZ_LIMIT, bytes.length)) throw new Error(`made ${length} bytes`);
    }
    draw(() => answerMap({ source, host: source.hostTree && readHost(source.hostTree) }), mapJson);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

/** Bytes as a DMAR table, or as an IVRS table where they begin as one: what is said of them, and bytes again. */
export function tables(bytes: Uint8Array): void {
  const decoded = decodeTable(bytes);
  const { table, diagnostics } = decoded;
  requireInside(diagnostics, bytes.length);
  if (table === null) return;
  const again = encodeTable(table);
  if (!Buffer.from(again).equals(bytes)) throw new Error('encoding what was decoded differs');
  requireInside(checkTable(decoded).findings, bytes.length);
}

/** What a table is to an answer; null where the bytes are no table. */
function evidenceFrom(bytes: Uint8Array): Evidence | null {
  const { kind, table } = decodeTable(bytes);
  if (table === null) return null;
  const { source } = evidenceOf(bytes);
  return { source: { ...source, table: kind } as typeof source, host: null };
}

/** A table, and every question that can be put to it. */
export function everyAnswer(bytes: Uint8Array): void {
  const evidence = evidenceFrom(bytes);
  if (evidence) for (const ask of QUESTIONS) ask(evidence);
}

/** A table, and the question that its checksum's byte chooses: a fuzzer gets seven times as far with one each. */
export function answers(bytes: Uint8Array): void {
  const evidence = evidenceFrom(bytes);
  if (evidence) QUESTIONS[(bytes[CHECKSUM] ?? 0) % QUESTIONS.length]?.(evidence);
}

/** Where a table's checksum is (ACPI 6.5, 5.2.6). */
const CHECKSUM = 9;

/** Bytes as the JSON that `build` reads. */
export function json(bytes: Uint8Array): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return;
  }
  const built = tableFromJson(parsed);
  if (built.bytes !== null) tables(built.bytes);
}
