import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of real machines' tables: DMAR_CORPUS, else the one beside the checkout. */
export const CORPUS =
  process.env.DMAR_CORPUS ?? join(import.meta.dirname, '../../../shared/corpus');

/** A real machine's table. */
export interface CorpusTable {
  name: string;
  path: string;
  bytes: Uint8Array;
}

/** The tables in a folder of the corpus; none where it is missing. */
function readTables(folder: string): CorpusTable[] {
  const at = join(CORPUS, folder);
  return (existsSync(at) ? readdirSync(at).sort() : []).map((name) => {
    const path = join(at, name);
    return { name, path, bytes: new Uint8Array(readFileSync(path)) };
  });
}

const noteOf = ({ length }: readonly CorpusTable[]): string =>
  length === 0 ? ` (skipped: no tables in ${CORPUS})` : ` (${length} tables)`;

/** Real machines' DMAR tables; empty where the corpus is missing. */
export const corpusTables: readonly CorpusTable[] = readTables('dmar');

/** Real machines' IVRS tables; empty where the corpus is missing. */
export const corpusIvrs: readonly CorpusTable[] = readTables('ivrs');

/** Why corpus tests are skipped, for their titles. */
export const corpusNote = noteOf(corpusTables);

/** Why tests of real IVRS tables are skipped, for their titles. */
export const corpusIvrsNote = noteOf(corpusIvrs);
