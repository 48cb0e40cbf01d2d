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

/** All of them, by name. */
export const fixtures: readonly Fixture[] = readdirSync(FIXTURES)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => {
    const name = file.replace(/\.json$/, '');
    const path = join(FIXTURES, `${name}.dat`);
    const source = readFileSync(join(FIXTURES, file), 'utf8');
    return { name, path, source, bytes: new Uint8Array(readFileSync(path)) };
  });
