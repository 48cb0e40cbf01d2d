import { signatureOf } from '../acpi/sdt.js';
import { TABLE_LAYOUTS } from '../acpi/tables.js';
import { Failure } from '../base/failure.js';
import { below } from '../base/path.js';
import { isIommuTable, pickTable, TABLE_NAMES } from './pick.js';
import { type TableSource, type Tools, withDigest } from './source.js';
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
  const signature = fileInForce(names);
  if (signature === null) {
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
  notes.push(...whichTable(tree, names, signature, picked.table));
  const source = {
    ...picked,
    kind: 'table',
    form: 'binary',
    // It is what the firmware holds: where it is short, that is the firmware's fault.
    completeness: 'whole',
    log: null,
    verbatim: tree.onDisk,
    path,
    notes,
    hostTree: tree,
  } as const;
  return withDigest(source, sha256);
}

/**
 * The file of the table that is in force. Xen's own stands under a name turned round, so one beside it that dom0's kernel
 * took from its RAM disk is not Xen's; of several that a kernel numbers, it uses the first.
 */
function fileInForce(names: readonly string[]): string | null {
  for (const { kind, signatures } of TABLE_LAYOUTS) {
    const disguised = signatures.filter((name) => name !== kind);
    const found = [...disguised, kind, `${kind}1`].find((name) => names.includes(name));
    if (found !== undefined) return found;
  }
  return null;
}

/** Sentences about whose table it is, where that is not plain. */
function whichTable(tree: Tree, names: readonly string[], file: string, kind: string): string[] {
  const notes: string[] = [];
  if (file !== kind && file !== `${kind}1`) {
    notes.push(
      `This is a Xen dom0: Xen hides the table from its kernel, which therefore shows it as ${file}.`,
    );
    if (names.includes(kind)) {
      notes.push(
        `${kind} beside it is a table that dom0's kernel took from its initial RAM disk; Xen does not use it.`,
      );
    }
  } else if (kind === 'DMAR' && isUnderXen(tree)) {
    notes.push(
      "Xen hides the table that it uses from dom0, and this one is not hidden: Xen may use another, which GRUB's acpi command gave it. xl dmesg tells what Xen found.",
    );
  }
  const others = names.filter((name) => new RegExp(`^${kind}\\d+$`).test(name) && name !== file);
  if (others.length > 0) {
    notes.push(
      `The kernel has several ${kind} tables and uses ${file}; ${others.sort().join(', ')} does nothing, as happens where the table in the initial RAM disk has other OEM ids than the firmware's.`,
    );
  }
  return notes;
}

const isUnderXen = (tree: Tree): boolean =>
  new TextDecoder().decode(tree.head('sys/hypervisor/type', 64) ?? undefined).trim() === 'xen';
