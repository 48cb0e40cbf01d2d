import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { EXIT, type ExitStatus } from '../base/failure.js';
import { captureHost } from '../evidence/capture.js';
import { MAX_SIZE } from '../evidence/limit.js';
import { readPath } from '../read/bounded-read.js';
import { openTree } from '../read/open-tree.js';
import { readWebPage } from '../read/web-page.js';
import { type GivenSource, pageWith } from '../render/basics/web-page.js';
import { packArchive } from '../write/archive.js';
import { writeNewFile } from '../write/new-file.js';
import type { GlobalOptions } from './declarations.js';
import { print } from './output.js';

export interface PageOptions extends GlobalOptions {
  output: string;
  force?: boolean;
}

/** `dmar page`: the page for browsers as one file, with sources in it that it answers for. */
export async function run(paths: string[], options: PageOptions): Promise<ExitStatus> {
  const sources: GivenSource[] = [];
  for (const path of paths) sources.push(await sourceAt(path));
  const page = pageWith(readWebPage(), sources);
  if (options.output === '-') await print(page);
  else writeNewFile(options.output, page, { force: options.force ?? false });
  return EXIT.fine;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** A file as it is; of a directory what a capture of the host in it holds. */
async function sourceAt(path: string): Promise<GivenSource> {
  const name = path === '-' ? 'standard input' : basename(path);
  const bytes = await readPath(path, MAX_SIZE, () => undefined);
  if (bytes !== null) return { name, base64: base64(bytes) };
  const { files } = captureHost(await openTree(path, MAX_SIZE));
  // The same host makes the same page, whenever it is made.
  const archive = await packArchive(files, name, new Date(0));
  return { name: `${name}.tar.gz`, base64: base64(gzipSync(archive)) };
}
