import { TABLE_LAYOUTS } from '../acpi/tables.js';
import { Failure } from '../base/failure.js';
import { below } from '../base/path.js';
import { isIommuTable, pickTable, signatureOf, TABLE_NAMES } from './pick.js';
import type { TableSource, Tools } from './source.js';
import type { Tree } from './tree.js';

/** Where the kernel shows the firmware's tables, one file a table, below a root. */
export const TABLES_DIRECTORY = 'sys/firmware/acpi/tables';

/** What to say of a directory or archive in which there are trees of more than one host. */
export const severalHosts = (name: string, hosts: readonly string[]): Failure =>
  new Failure(
    'several-hosts',
    `${name} holds the trees of ${hosts.length} hosts, such as ${hosts[0]?.replace(/\/$/, '') || '.'}.`,
    'Unpack it if it is an archive, and name the directory of one of them.',
  );

/**
 * The DMAR or IVRS table of the machine below a root. On a Xen dom0 a DMAR table is `RMAD` or `XMAR`, as Xen hides it from
 * dom0's kernel by overwriting its signature.
 *
 * @param limit bytes
 * @throws Failure that says what its absence means: no such directory, other tables only, not permitted
 */
export async function readHostTable(
  tree: Tree,
  limit: number,
  { sha256 }: Pick<Tools, 'sha256'>,
): Promise<TableSource> {
  const names = tree.list(TABLES_DIRECTORY) ?? [];
  const signature = TABLE_LAYOUTS.flatMap(({ signatures }) => signatures).find((name) =>
    names.includes(name),
  );
  if (signature === undefined) {
    const { explainNoTable } = await import('./no-table.js');
    throw explainNoTable(tree, names);
  }
  const file = `${TABLES_DIRECTORY}/${signature}`;
  const path = below(tree.name, file);
  const bytes = tree.read(file, limit);
  if (bytes === null) {
    throw new Failure('not-found', `${path} is no regular file, nor a link to one below the root.`);
  }
  if (bytes.length === 0) throw new Failure('empty', `${path} is empty.`);
  if (!isIommuTable(bytes)) {
    throw new Failure(
      'not-a-table',
      `${path} is no ${TABLE_NAMES} table: it begins with ${JSON.stringify(signatureOf(bytes))}.`,
    );
  }
  const { losses: _, ...picked } = await pickTable([{ bytes, notes: [], losses: [] }], path);
  const notes = [...picked.notes];
  if (signature !== picked.table) {
    notes.push(
      `This is a Xen dom0: Xen hides the table from its kernel, which therefore shows it as ${signature}.`,
    );
  }
  return {
    ...picked,
    kind: 'table',
    form: 'binary',
    // It is what the firmware holds: where it is short, that is the firmware's fault.
    completeness: 'whole',
    log: null,
    verbatim: tree.onDisk,
    sha256: sha256(picked.bytes),
    path,
    notes,
    hostTree: tree,
  };
}
