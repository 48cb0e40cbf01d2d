import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of the project's own tables. */
export const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** A table of the project's own, and the source it is built from. */
export interface Fixture {
  name: string;
  /** Of the binary. */
  path: string;
  source: string;
  bytes: Uint8Array;
}

const readFixtures = (folder: string): readonly Fixture[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const name = file.replace(/\.json$/, '');
      const path = join(folder, `${name}.dat`);
      const source = readFileSync(join(folder, file), 'utf8');
      return { name, path, source, bytes: new Uint8Array(readFileSync(path)) };
    });

/** All DMAR tables, by name. */
export const fixtures: readonly Fixture[] = readFixtures(FIXTURES);

/** All IVRS tables, by name. */
export const ivrsFixtures: readonly Fixture[] = readFixtures(join(FIXTURES, 'ivrs'));
