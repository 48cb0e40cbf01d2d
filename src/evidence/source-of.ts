import { readContent } from './content.js';
import { readHostTable } from './host-table.js';
import { pickTable } from './pick.js';
import { completenessOf, type Source, sourceName, type Tools } from './source.js';

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
  { limit, table: which }: SourceOptions,
  tools: Tools,
): Promise<Source> {
  const name = sourceName(path);
  const content = await readContent(bytes, name, limit, tools.inflaters);
  switch (content.kind) {
    case 'archive':
      return readHostTable(content.tree, limit, tools);
    case 'table': {
      const { kind, form, verbatim, log } = content;
      const { losses, ...picked } = await pickTable(content.tables, name, which);
      const completeness = completenessOf(losses);
      const sha256 = tools.sha256(picked.bytes);
      return { ...picked, kind, form, verbatim, sha256, completeness, log, path, hostTree: null };
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
