import { answerOverride, type OverrideAnswer, type OverrideOptions } from '../answers/override.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { NODE_TOOLS } from '../read/tools.js';
import { type MadeFile, OVERRIDE_FORMATS } from '../render/override/formats.js';
import { waysFor } from '../render/override/ways.js';
import { writeNewFile } from '../write/new-file.js';
import type { SourceOptions } from './declarations.js';
import { eachSource } from './each-source.js';
import { Printer } from './print.js';

export interface OverrideCommandOptions extends SourceOptions, OverrideOptions {
  /** Where the files go. */
  output?: string;
  initrd?: string;
  grub?: string;
  opencore?: string;
  force?: boolean;
  dryRun?: boolean;
  /** Code of the way to have the table loaded that is to be told. */
  loader?: string;
}

/** `dmar override`: a table without what stands in the way, and what that means. It touches no running system. */
export async function run(paths: string[], options: OverrideCommandOptions): Promise<ExitStatus> {
  return eachSource(paths, options, async (evidence) => {
    const answer = answerOverride(evidence, options, NODE_TOOLS.sha256);
    const refused = answer.needsConsent && !options.yes && !options.dryRun && asksForFiles(options);
    const files = refused || options.dryRun ? [] : await makeFiles(answer, options);
    const way = waysFor(answer.source.table).find(({ code }) => code === options.loader) ?? null;
    const printer = await Printer.open(OVERRIDE_FORMATS, options);
    await printer.print(() => ({ ...answer, files, way, dryRun: options.dryRun ?? false }));
    await printer.end(false, []);
    if (refused) {
      throw new Failure(
        'needs-yes',
        'Nothing was written: memory that Linux believes in use would no longer be reserved.',
        'Read what may go wrong; --yes says that you have.',
        EXIT.usage,
      );
    }
    return EXIT.fine;
  });
}

const asksForFiles = ({ output, initrd, grub, opencore }: OverrideCommandOptions): boolean =>
  [output, initrd, grub, opencore].some((path) => path !== undefined);

async function makeFiles(
  { bytes, source: { table } }: OverrideAnswer,
  { output, initrd, grub, opencore, force = false }: OverrideCommandOptions,
): Promise<MadeFile[]> {
  const files: MadeFile[] = [];
  const make = (kind: MadeFile['kind'], path: string, data: string | Uint8Array) => {
    writeNewFile(path, data, { force });
    files.push({ path, kind, length: data.length });
  };
  if (output !== undefined) make('table', output, bytes);
  if (initrd !== undefined) {
    const { tableArchive } = await import('../render/override/archive.js');
    make('initrd', initrd, tableArchive(table, bytes));
  }
  if (grub !== undefined) {
    const { grubSnippet } = await import('../render/override/grub.js');
    make('grub', grub, grubSnippet(table));
  }
  if (opencore !== undefined) {
    const { openCoreEntries } = await import('../render/override/opencore.js');
    make('opencore', opencore, openCoreEntries(table));
  }
  return files;
}
