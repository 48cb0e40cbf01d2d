import { Failure } from '../base/failure.js';
import { below } from '../base/path.js';
import { combine } from './combine.js';
import type { LogSource, Source } from './source.js';
import { ifPermitted, type Tree } from './tree.js';

/** Where reports keep what programs printed of a machine, and which files it is in; before others what says most. */
const PLACES: readonly (readonly [directory: string, file: RegExp])[] = [
  // Files lying side by side, as in what people pack themselves; xen-bugtool writes xl-dmesg.out among them.
  ['', /./],
  // sosreport.
  ['sos_commands/kernel', /^dmesg/],
  ['sos_commands/xen', /dmesg/],
  ['sos_commands/pci', /^lspci/],
  ['sos_commands/logs', /^journalctl.*boot/],
  // xen-bugtool, XCP-ng and any copy of a machine.
  ['var/log/xen', /^hypervisor\.log/],
  ['var/log', /^(dmesg|kern\.log|messages|syslog)/],
  ['proc', /^iomem$/],
];

/** Most files that are looked into, in all places together. */
const MOST_FILES = 64;

const CMDLINE = 'proc/cmdline';

/**
 * What the files of a report say of a machine, one beside the other, as sources given together: a sosreport, what
 * xen-bugtool packs, or files that lie in one directory. Of several logs of one kind the first that tells of regions
 * counts. Files that say nothing are passed over.
 *
 * @param read tells what bytes are and reads them, or throws a Failure
 * @param limit most bytes of a file
 * @returns null where no file says anything
 */
export async function readReport(
  tree: Tree,
  limit: number,
  read: (bytes: Uint8Array, path: string) => Promise<Source>,
): Promise<Source | null> {
  const sources: Source[] = [];
  const add = async (bytes: Uint8Array | null, path: string): Promise<void> => {
    if (bytes === null) return;
    try {
      sources.push(await read(bytes, below(tree.name, path)));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  };
  for (const path of filesOf(tree)) {
    await add(
      ifPermitted(() => tree.read(path, limit)),
      path,
    );
  }
  const cmdline = ifPermitted(() => tree.head(CMDLINE, 4096));
  if (sources.length > 0 && cmdline !== null) {
    // As the kernel logs it; alone it says nothing of regions.
    const line = `Kernel command line: ${new TextDecoder().decode(cmdline)}`;
    await add(new TextEncoder().encode(line), CMDLINE);
  }
  return together(sources);
}

function filesOf(tree: Tree): string[] {
  const paths = PLACES.flatMap(([directory, file]) =>
    (ifPermitted(() => tree.list(directory)) ?? [])
      .filter((name) => file.test(name))
      .map((name) => (directory === '' ? name : `${directory}/${name}`)),
  );
  return paths.slice(0, MOST_FILES);
}

/** Sources of one machine as one: the table, or else the first log, with all that the others add to it. */
function together(sources: readonly Source[]): Source | null {
  const table = sources.find(({ kind }) => kind === 'table');
  const texts = sources.filter((source): source is LogSource => source.kind !== 'table');
  const tellers = new Set<string>();
  const chosen = texts.filter(({ kind, regions, units, log }) => {
    if (regions.length + units.length === 0 && log.table === null) return true;
    if (tellers.has(kind)) return false;
    tellers.add(kind);
    return true;
  });
  const [first = null] = combine(table === undefined ? chosen : [table, ...chosen]);
  return first;
}
