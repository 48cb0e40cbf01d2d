import { archiveTree, isTar } from '../evidence/archive.js';
import { readCandidate, readContent, uncompressed } from '../evidence/content.js';
import { readHostTable } from '../evidence/host-table.js';
import { pickDmar } from '../evidence/pick.js';
import type { Source, SourceSpec } from '../evidence/source.js';
import { MAX_SIZE, sourceName } from './bounded-read.js';
import { directoryTree, type Tree } from './tree.js';

/**
 * Reads a table, or what is known of one, from wherever a command line may name.
 *
 * @throws Failure with exit status 3 where there is none, a sentence saying why
 */
export async function readSource(spec: SourceSpec): Promise<Source> {
  const { path, root, maxSize = MAX_SIZE } = spec;
  const host = root === undefined ? null : await openHost(root, maxSize);
  if (path === undefined) return readHostTable(host ?? directoryTree('/'), maxSize);
  const source = await readPathSource(path, maxSize, spec.table);
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
  if (bytes === null) {
    const { readDirectory } = await import('./directory.js');
    return readDirectory(path, limit, table);
  }
  return sourceOf(bytes, path, limit, table);
}

/**
 * Tells from bytes what they are, and reads them: a host's archive, a table in any form, a kernel's log.
 *
 * @param path where they are from, `-` being standard input
 * @param limit most bytes that decompressing may make, and that all tables of a text may stand for
 * @param table which number among the DMAR tables, from 1
 * @throws Failure as {@link readSource}
 */
export async function sourceOf(
  bytes: Uint8Array,
  path: string,
  limit: number,
  table?: number,
): Promise<Source> {
  const name = sourceName(path);
  const plain = await uncompressed(bytes, name, limit);
  if (isTar(plain)) return readHostTable(await archiveTree(plain, name), limit);
  const content = await readContent(plain, name, limit);
  if (content.kind !== 'table') return { ...content, path, hostTree: null };
  const { kind, form } = content;
  const picked = await pickDmar(content.tables, name, table);
  const verbatim = form === 'binary' && plain === bytes && picked.bytes.length === bytes.length;
  return { ...picked, kind, form, verbatim, path, hostTree: null };
}
