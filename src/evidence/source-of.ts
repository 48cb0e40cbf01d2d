import { requireBytes, requireObject, requireText } from '../base/arguments.js';
import { Failure } from '../base/failure.js';
import { readContent } from './content.js';
import { readHostTable, TABLES_DIRECTORY } from './host-table.js';
import { pickTable } from './pick.js';
import { readReport } from './report.js';
import { completenessOf, type Source, sourceName, type Tools, withDigest } from './source.js';
import type { Tree } from './tree.js';

/** How to read the bytes of a source. */
export interface SourceOptions {
  /** Most bytes that decompressing may make, and that all tables of a text may stand for. */
  readonly limit: number;
  /** Which number among the tables of one name, from 1. */
  readonly table?: number | undefined;
}

/**
 * Tells from bytes what they are, and reads them: a host's archive, a table in any form, a kernel's log.
 *
 * @param path where they are from, `-` being standard input
 * @throws Failure with exit status 3 where they are no source, a sentence saying why
 */
export async function sourceOf(
  bytes: Uint8Array,
  path: string,
  options: SourceOptions,
  tools: Tools,
): Promise<Source> {
  requireBytes(bytes, 'bytes');
  requireText(path, 'path');
  requireObject(options, 'options', { limit: 'count', table: 'count?' });
  requireObject(tools, 'tools', { inflaters: 'object', sha256: 'work' });
  const { limit, table: which } = options;
  const name = sourceName(path);
  const content = await readContent(bytes, name, limit, tools.inflaters);
  switch (content.kind) {
    case 'archive':
      return sourceOfTree(content.tree, options, tools);
    case 'table': {
      const { kind, form, verbatim, log } = content;
      const picked = await pickTable(content.tables, name, which);
      const { table, signature, bytes: own, notes, losses } = picked;
      const completeness = completenessOf(losses);
      const source = {
        path,
        notes,
        completeness,
        hostTree: null,
        kind,
        form,
        table,
        signature,
        verbatim,
        bytes: own,
        log,
      };
      return withDigest(source, tools.sha256);
    }
    default: {
      const { kind, log } = content;
      const { regions, units, losses, notes } = log;
      const completeness = completenessOf(losses);
      const table = log.table?.signature ?? 'DMAR';
      const common = { completeness, notes: [...notes], path, hostTree: null };
      return { kind, table, log, regions, units, ...common };
    }
  }
}

/**
 * What an archive says of a machine: the table in a host's tree, or what the files of a report tell.
 *
 * @throws Failure `no-host-tree` where it is neither, or one that says why a host has no table
 */
async function sourceOfTree(tree: Tree, options: SourceOptions, tools: Tools): Promise<Source> {
  const isHost = tree.list('sys') !== null;
  const report =
    tree.list(TABLES_DIRECTORY) === null ? await sourceOfReport(tree, options, tools) : null;
  if (report !== null) return report;
  if (isHost) return readHostTable(tree, options.limit, tools);
  throw new Failure(
    'no-host-tree',
    `The archive ${tree.name} holds no host's tree: none of its files is below a directory sys, and none says anything of a table.`,
    'dmar capture makes an archive of a machine. Of others, unpack the table and name its file.',
  );
}

/** What the files of a report tell: {@link readReport}; archives among them are passed over. */
export const sourceOfReport = (
  tree: Tree,
  options: SourceOptions,
  tools: Tools,
): Promise<Source | null> =>
  readReport(tree, options.limit, async (bytes, path) => {
    const { hostTree, ...source } = await sourceOf(bytes, path, options, tools);
    if (hostTree !== null) throw new Failure('not-a-table', `${path} is a machine of its own.`);
    return { ...source, hostTree };
  });
