import { readdirSync, readFileSync } from 'node:fs';
import type { TreeFiles } from '../../src/evidence/files-tree.js';
import { type HostDescription, hostFiles } from './host-tree.js';

/** A captured host among the fixtures. */
export interface HostFixture {
  name: string;
  /** Directory of its tree. */
  root: string;
  /** The files that the tree is made of. */
  files: TreeFiles;
}

/**
 * The hosts described in `fixtures/hosts`, each with the table of the same name; `ivrs-laptop` is that of the
 * table `ivrs/laptop`.
 *
 * @param fixtures path of the directory `fixtures`
 */
export const readHostFixtures = (fixtures: string): HostFixture[] =>
  readdirSync(`${fixtures}/hosts`).map((file) => {
    const name = file.replace(/\.json$/, '');
    const host: HostDescription = JSON.parse(readFileSync(`${fixtures}/hosts/${file}`, 'utf8'));
    const signature = name.startsWith('ivrs-') ? 'IVRS' : 'DMAR';
    const table = readFileSync(`${fixtures}/${name.replace('ivrs-', 'ivrs/')}.dat`).toString('hex');
    const files = hostFiles({ ...host, tables: { ...host.tables, [signature]: table } });
    return { name, root: `${fixtures}/${name}-host`, files };
  });
