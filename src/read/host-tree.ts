import { realpathSync } from 'node:fs';
import { below } from '../base/path.js';
import { severalHosts, TABLES_DIRECTORY } from '../evidence/host-table.js';
import { ifPermitted, type Tree } from '../evidence/tree.js';
import { fromSystem, toSystem } from './system-path.js';
import { directoryTree } from './tree.js';

/**
 * The host's tree that a directory is, holds, as an unpacked report does, or is part of.
 *
 * @returns null where there is none that shows ACPI tables
 * @throws Failure `several-hosts` where the directory holds more than one
 */
export function hostTreeAt(path: string): Tree | null {
  const here = directoryTree(path);
  if (here.list(TABLES_DIRECTORY) !== null) return here;
  const real = fromSystem(realpathSync(toSystem(path), 'buffer'));
  if (real.endsWith(`/${TABLES_DIRECTORY}`)) {
    return directoryTree(real.slice(0, -TABLES_DIRECTORY.length));
  }
  const hosts = (here.list('') ?? []).filter(
    (name) => ifPermitted(() => here.list(`${name}/${TABLES_DIRECTORY}`)) !== null,
  );
  if (hosts.length > 1) throw severalHosts(path, hosts);
  const [only] = hosts;
  return only === undefined ? null : directoryTree(below(path, only));
}
