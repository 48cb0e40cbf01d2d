import { basename } from 'node:path';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { captureHost } from '../evidence/capture.js';
import { readHostTable } from '../evidence/host-table.js';
import { MAX_SIZE } from '../evidence/limit.js';
import { openTree } from '../read/open-tree.js';
import { NODE_TOOLS } from '../read/tools.js';
import { packArchive } from '../write/archive.js';
import { writeNewFile } from '../write/new-file.js';
import type { GlobalOptions } from './declarations.js';
import { complain, print } from './output.js';

export interface CaptureOptions extends GlobalOptions {
  output: string;
  script?: boolean;
  force?: boolean;
  root?: string;
}

/** `dmar capture`: what the other commands need of a machine, as an archive for a report. */
export async function run(_: string[], options: CaptureOptions): Promise<ExitStatus> {
  if (options.script) {
    const { captureScript } = await import('../render/capture/script.js');
    await print(captureScript());
    return EXIT.fine;
  }
  const tree = await openTree(options.root ?? '/', MAX_SIZE);
  const { files, taken, notes } = captureHost(tree);
  // A machine without a table is worth a report too, and this says why there is none.
  await readHostTable(tree, MAX_SIZE, NODE_TOOLS).catch((error) => {
    if (!(error instanceof Failure)) throw error;
    notes.push(error.message);
  });
  const name = basename(options.output).replace(/(\.tar)?(\.gz)?$|\.tgz$/, '') || 'host';
  const archive = await packArchive(files, name, new Date());
  const { gzipSync } = await import('node:zlib');
  // It may name what its owner would not show to all users of the machine.
  const { force = false } = options;
  writeNewFile(options.output, gzipSync(archive), { force, mode: 0o600 });
  const lines = taken.map(({ what, found }) => `${`${what}:`.padEnd(26)}${found}\n`);
  await print(
    `${options.output} holds what follows of ${tree.name}, and nothing else.\n${lines.join('')}`,
  );
  if (!options.quiet) for (const note of notes) await complain(`dmar: ${note}`);
  return EXIT.fine;
}
