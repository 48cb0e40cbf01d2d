import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of real machines' tables: DMAR_CORPUS, else the one beside the checkout. */
export const CORPUS =
  process.env.DMAR_CORPUS ?? join(import.meta.dirname, '../../../shared/corpus');

const folder = join(CORPUS, 'dmar');

/** Real machines' tables; empty where the corpus is missing. */
export const corpusTables: readonly { name: string; path: string; bytes: Uint8Array }[] = (
  existsSync(folder) ? readdirSync(folder).sort() : []
).map((name) => {
  const path = join(folder, name);
  return { name, path, bytes: new Uint8Array(readFileSync(path)) };
});

/** Why corpus tests are skipped, for their titles. */
export const corpusNote =
  corpusTables.length === 0
    ? ` (skipped: no tables in ${folder})`
    : ` (${corpusTables.length} tables)`;
