import { identifySdt, SDT_HEADER_LENGTH } from '../acpi/sdt.js';
import { Failure } from '../base/failure.js';
import { below } from '../base/path.js';
import type { WrittenTable } from '../evidence/formats/format.js';
import { readHostTable, TABLES_DIRECTORY } from '../evidence/host-table.js';
import { isIommuTable, pickTable } from '../evidence/pick.js';
import { completenessOf, type Source, withDigest } from '../evidence/source.js';
import { sourceOfReport } from '../evidence/source-of.js';
import { ifPermitted, type Tree } from '../evidence/tree.js';
import { hostTreeAt } from './host-tree.js';
import { NODE_TOOLS } from './tools.js';
import { directoryTree } from './tree.js';

/**
 * Reads the table of IOMMUs of a directory: a host's tree, live or captured, or one that holds such a tree, as an
 * unpacked report does; one with a file a table, as `acpidump -b` writes them; or what a report's files tell.
 *
 * @param path the directory as it was given
 * @param limit most bytes of a file
 * @param which number among the tables of one name, from 1
 * @throws Failure that says what is there instead
 */
export async function readDirectory(path: string, limit: number, which?: number): Promise<Source> {
  const host = hostTreeAt(path);
  if (host !== null) return readHostTable(host, limit, NODE_TOOLS);
  const tree = directoryTree(path);
  const files = tableFiles(tree, limit);
  if (files.length === 0) {
    const report = await sourceOfReport(tree, { limit, table: which }, NODE_TOOLS);
    if (report !== null) return report;
    throw new Failure(
      'no-acpi-tables',
      `The directory ${path} holds no ACPI tables, no host's tree with ${TABLES_DIRECTORY}, and no file that says anything of a table.`,
      'Name a file in it, or unpack the archive it holds.',
    );
  }
  const { losses, ...picked } = await pickTable(files, path, which);
  const file = files.find(({ bytes }) => bytes === picked.bytes);
  const source = {
    ...picked,
    kind: 'table',
    form: 'binary',
    verbatim: true,
    log: null,
    completeness: completenessOf(losses),
    path: below(path, `${file?.name}`),
    hostTree: null,
  } as const;
  return withDigest(source, NODE_TOOLS.sha256);
}

/** The files of a directory that begin as ACPI tables do; of others than tables of IOMMUs only the header is read. */
function tableFiles(tree: Tree, limit: number): (WrittenTable & { name: string })[] {
  const files: (WrittenTable & { name: string })[] = [];
  for (const name of tree.list('') ?? []) {
    const head = ifPermitted(() => tree.head(name, SDT_HEADER_LENGTH));
    if (head === null || (identifySdt(head) === null && !isIommuTable(head))) continue;
    const bytes = isIommuTable(head) ? tree.read(name, limit) : head;
    if (bytes !== null) files.push({ name, bytes, notes: [], losses: [] });
  }
  return files;
}
