import { Failure } from '../base/failure.js';
import { readHostTable } from '../evidence/host-table.js';
import { MAX_SIZE } from '../evidence/limit.js';
import type { Source, SourceSpec } from '../evidence/source.js';
import { sourceOf } from '../evidence/source-of.js';
import type { Tree } from '../evidence/tree.js';
import { readCandidate } from './candidate.js';
import { NODE_TOOLS } from './tools.js';
import { directoryTree } from './tree.js';

/**
 * Reads a table, or what is known of one, from wherever a command line may name.
 *
 * @throws Failure with exit status 3 where there is none, a sentence saying why
 */
export async function readSource(spec: SourceSpec): Promise<Source> {
  const { path, root, maxSize = MAX_SIZE } = spec;
  const host = root === undefined ? null : await openHost(root, maxSize);
  if (path === undefined) return readHostTable(host ?? directoryTree('/'), maxSize, NODE_TOOLS);
  const read = await readPathSource(path, maxSize, spec.table);
  const source: Source =
    spec.asIs && read.kind === 'table' ? { ...read, completeness: 'whole' } : read;
  return host === null ? source : { ...source, hostTree: host };
}

async function openHost(root: string, limit: number): Promise<Tree> {
  const { openTree } = await import('./open-tree.js');
  return openTree(root, limit);
}

async function readPathSource(
  path: string,
  limit: number,
  table: number | undefined,
): Promise<Source> {
  const bytes = await readCandidate(path, limit);
  if (bytes === null && path === '-') {
    throw new Failure('a-directory', 'Standard input is a directory: give its name instead of -.');
  }
  if (bytes === null) {
    const { readDirectory } = await import('./directory.js');
    return readDirectory(path, limit, table);
  }
  return sourceOf(bytes, path, { limit, table }, NODE_TOOLS);
}
