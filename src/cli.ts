import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseSbdf, type Sbdf } from './acpi/sbdf.js';
import { complain, print, reportFailure } from './commands/output.js';
import { EXIT, type ExitStatus, Failure } from './failure.js';
import { parseSize } from './sources/size.js';
import { VERSION } from './version.js';

/** What a command's module exports: does the work, answers with the exit status. */
type Run<O> = (sources: string[], options: O) => Promise<ExitStatus>;

/** What the program finds behind its name where it is a thread of `dmar scan`. */
export const SCAN_THREAD = ['scan', '--thread'];

/** Options that every command takes. */
export interface GlobalOptions {
  color: 'auto' | 'always' | 'never';
  quiet?: boolean;
}

/** Options of the commands that read tables. */
export interface SourceOptions extends GlobalOptions {
  format: string;
  root?: string;
  /** Which table of a source that holds several, from 1. */
  table?: number;
  /** Most bytes to read of a source. */
  maxSize?: number;
}

/** Whether the command line asks for JSON, so that even a usage error is told in it. */
const wantsJson = (argv: readonly string[]): boolean =>
  argv.some((arg, i) =>
    /^n?d?json$/.test(arg)
      ? /^(-f|--format)$/.test(argv[i - 1] ?? '')
      : /^(--json|--format=n?d?json|-fn?d?json)$/.test(arg),
  );

const HIGHEST_U32 = 0xffff_ffff;

function parseCount(text: string): number {
  const count = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (count <= HIGHEST_U32) return count;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${HIGHEST_U32}.`);
}

/** The hypercall's argument has 16 bits for it. */
const HIGHEST_SEGMENT = 0xffff;

function parseDevice(text: string): Sbdf {
  const sbdf = parseSbdf(text);
  if (sbdf !== null && sbdf.segment <= HIGHEST_SEGMENT) return sbdf;
  throw new InvalidArgumentError('It must look like 0000:00:1d.0 or 00:1d.0.');
}

function parseTableNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, counted from 1.');
}

/** A text of more bytes does not fit a string of Node's. */
const HIGHEST_MAX_SIZE = 511 * 2 ** 20;

function parseMaxSize(text: string): number {
  const size = parseSize(text);
  if (size !== null && size > 0 && size <= HIGHEST_MAX_SIZE) return size;
  throw new InvalidArgumentError(
    'It must be a number of bytes such as 65536 or 128MiB, at most 511MiB.',
  );
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

const collectList = (value: string, before: string[] = []): string[] => [
  ...before,
  ...value.split(','),
];

const addGlobalOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--color <when>', 'colour the output')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    )
    .option('-q, --quiet', 'no warnings on standard error');

const addSourceOptions = (command: Command, formats: string[]): Command =>
  addGlobalOptions(
    command
      .addOption(
        new Option('-f, --format <name>', 'how to print').choices(formats).default(formats[0]),
      )
      .option('--json', 'the same as --format json')
      .option('--root <dir>', 'a captured host: a tree that holds sys/…, or a tar archive of one')
      .option('--table <n>', 'which table of a source that holds several, from 1', parseTableNumber)
      .option('--max-size <size>', 'most bytes to read of a source (64MiB)', parseMaxSize),
  );

const addXenOptions = (command: Command): Command =>
  command
    .option('--xen <release>', 'whose behaviour: rfc-v7, or a release from 4.6 on')
    .option('--no-iommu', 'the answer of a hypervisor with the IOMMU off')
    .option('--xen-cmdline <options>', "Xen's own options that change the answer: iommu=… rmrr=…");

const addSvgOptions = (command: Command): Command =>
  command
    .option('--svg <file>', 'draw the address space into this file as well')
    .option('--force', 'replace the file of --svg if it is there');

const SOURCE_FILE = 'what holds a table; - is standard input';
const DEFAULT_COMMAND = 'map';
const SOURCE = 'what holds a table; - is standard input, none is this machine';

const HELP_EPILOGUE = `
A source is a binary table, acpidump's text, a hex dump, iasl's listing or a
kernel's log, compressed or not, or a directory or archive of a captured host.

  sudo dmar                      the map of this machine
  dmar FILE                      the same as dmar map FILE
  sudo dmar devices 00:1d.0      may this device be given to a guest?
  dmar check FILE --fail-on warning

Exit status: 0 fine, 1 the answer is no, 2 wrong usage, 3 no table could be read`;

/** The two ways to ask for a format. */
interface FormatOptions {
  format?: string;
  json?: boolean;
}

/** Makes a command's action: loads its module, runs it, passes the exit status on. */
type ActionOf = <O>(
  load: () => Promise<{ run: Run<O> }>,
) => (sources: string[], options: O & FormatOptions) => Promise<void>;

/** Each command's declaration; its module is loaded only when it is run. */
const COMMANDS: Readonly<Record<string, (program: Command, action: ActionOf) => void>> = {
  map(program, action) {
    const command = program
      .command(DEFAULT_COMMAND, { isDefault: true })
      .description("print the guest-visible PFN map: the hypercall's answer (the default command)")
      .argument('[source...]', SOURCE)
      .option('--compat', "the 32-bit guest's hypercall")
      .option('--nr-entries <n>', 'one call with room for n entries, not two', parseCount)
      .option(
        '--device <sbdf>',
        "one device's regions instead of all (Xen 4.6 and later)",
        parseDevice,
      )
      .option('--raw', 'the bytes the guest finds in its buffer, to standard output');
    addSourceOptions(addXenOptions(addSvgOptions(command)), [
      'table',
      'json',
      'ndjson',
      'csv',
    ]).action(action(() => import('./commands/map.js')));
  },

  devices(program, action) {
    const command = program
      .command('devices')
      .description('may these devices be given to a guest, and if not, why, and what then?')
      .argument(
        '[bdf...]',
        'PCI addresses such as 00:1d.0, and sources; no address: all with an RMRR',
      )
      .option('--all', 'every device of the machine')
      .option('--linux <release>', "which kernel judges (default: the host's, else today's)")
      .option(
        '--relax-rmrr',
        "as if booted with intel_iommu=relax_rmrr, which Proxmox's kernels know",
      );
    addSourceOptions(addXenOptions(command), ['table', 'json', 'ndjson', 'csv']).action(
      action(() => import('./commands/devices.js')),
    );
  },

  capture(program, action) {
    addGlobalOptions(
      program
        .command('capture')
        .description('pack what these commands need of this machine into an archive for a report')
        .requiredOption('-o, --output <file>', 'the archive to make, a gzipped tar: host.tar.gz')
        .option('--root <dir>', 'a captured host instead of this machine')
        .option('--force', 'overwrite the file'),
    ).action((options) => action(() => import('./commands/capture.js'))([], options));
  },

  guest(program, action) {
    const command = program
      .command('guest')
      .description("lay a guest's memory out around the reserved regions, as Xen's toolstack does")
      .argument('[source...]', SOURCE)
      .option(
        '--config <file>',
        "the guest's xl configuration file; options given here go before it",
      )
      .option('--memory <MiB>', "the guest's RAM without its video memory")
      .option('--mmio-hole <MiB>', 'the MMIO hole below 4 GiB')
      .option('--rdm <settings>', 'strategy=host|ignore,policy=strict|relaxed')
      .option('--pci <device>', 'a device for the guest: bdf[,rdm_policy=…]; repeatable', collect)
      .option('--rdm-mem-boundary <MiB>', 'no RAM is moved for regions up to here (default: 2048)')
      .option('--no-hap', "the guest's memory is paged without the hardware's help");
    addSourceOptions(addXenOptions(addSvgOptions(command)), [
      'table',
      'json',
      'ndjson',
      'csv',
    ]).action(action(() => import('./commands/guest.js')));
  },

  show(program, action) {
    const command = program
      .command('show')
      .description('print every field of every structure')
      .argument('[source...]', SOURCE)
      .option('--hex', 'prefix each field with its offset and bytes');
    addSourceOptions(command, ['table', 'json', 'ndjson', 'csv']).action(
      action(() => import('./commands/show.js')),
    );
  },

  check(program, action) {
    const command = program
      .command('check')
      .description('find what is wrong with a table, rule by rule')
      .argument('[source...]', SOURCE)
      .addOption(
        new Option('--fail-on <severity>', 'least severity that makes the exit status 1')
          .choices(['error', 'warning', 'info'])
          .default('error'),
      )
      .option(
        '--only <rule>',
        'ask these rules alone: one, or several with commas; repeatable',
        collectList,
      )
      .option('--ignore <rule>', 'leave these rules out; repeatable', collectList)
      .option('--list', 'print the rules instead')
      .option('--explain <rule>', 'print one rule in full instead');
    addSourceOptions(command, ['table', 'json', 'ndjson', 'sarif', 'github', 'junit']).action(
      action(() => import('./commands/check.js')),
    );
  },

  diff(program, action) {
    const command = program
      .command('diff')
      .description('tell in what two tables differ, and what that means for guests')
      .argument('<old>', SOURCE_FILE)
      .argument('<new>', SOURCE_FILE)
      .option(
        '--ignore-header',
        'leave out what only tells tables apart: OEM fields, checksum, length',
      );
    addSourceOptions(addXenOptions(command), ['table', 'json']).action(
      (old: string, now: string, options) =>
        action(() => import('./commands/diff.js'))([old, now], options),
    );
  },

  scan(program, action) {
    const command = program
      .command('scan')
      .description('print a line of JSON for each table at and below paths')
      .argument('<path...>', 'directories to walk, and whatever map takes')
      .option('--max-size <size>', 'most bytes to read of a source (64MiB)', parseMaxSize);
    addGlobalOptions(addXenOptions(command)).action(action(() => import('./commands/scan.js')));
  },

  build(program, action) {
    addGlobalOptions(
      program
        .command('build')
        .description('make a table from JSON: the inverse of show --json')
        .argument('<json>', 'what show --json printed, or a shorter source; - is standard input')
        .requiredOption('-o, --output <file>', 'where the table goes; - is standard output')
        .option('--fix', 'compute lengths and the checksum even where they are given')
        .option('--force', 'overwrite the file'),
    ).action((json: string, options) =>
      action(() => import('./commands/build.js'))([json], options),
    );
  },
};

/** The one command that a command line can mean; null where help or usage may name them all. */
function commandOf(word: string | undefined): string | null {
  if (word === undefined || word.startsWith('-')) return null;
  return Object.hasOwn(COMMANDS, word) ? word : DEFAULT_COMMAND;
}

/**
 * The program with its commands.
 *
 * @param only the one command to declare, since declaring takes time; null for all
 */
export function createProgram(
  finish: (status: ExitStatus) => void,
  only: string | null = null,
): Command {
  const program = new Command('dmar')
    .description('Inspect the ACPI DMAR table and its reserved memory regions (RMRRs).')
    .version(VERSION)
    .addHelpText('after', HELP_EPILOGUE)
    .helpCommand(false)
    .showHelpAfterError('(dmar --help lists commands and options)');
  const action: ActionOf = (load) => async (sources, options) => {
    if (options.json) options.format = 'json';
    const { run } = await load();
    finish(await run(sources, options));
  };
  for (const [name, declare] of Object.entries(COMMANDS)) {
    if (only === null || only === name) declare(program, action);
  }
  return program;
}

/**
 * Runs the program as the shell does and sets the exit status.
 *
 * @returns the command that did its work; null where none did
 */
export async function main(argv: string[]): Promise<string | null> {
  if (SCAN_THREAD.every((word, i) => argv[i + 2] === word)) {
    const { run } = await import('./commands/scan-thread.js');
    run();
    return null;
  }
  let done: string | null = null;
  const program = createProgram((status) => {
    process.exitCode = status;
  }, commandOf(argv[2]));
  const told = { help: '', usage: '' };
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        told.help += text;
      },
      writeErr: (text) => {
        told.usage += text;
      },
    });
  }
  program.hook('postAction', (_, command) => {
    done = command.name();
  });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    const json = wantsJson(argv);
    // Saying it may fail in turn, where standard output takes nothing.
    process.exitCode = await explain(error, told, json).catch((other) =>
      explain(other, told, json),
    );
  }
  return done;
}

/** Says what went wrong and answers with the exit status. */
async function explain(
  error: unknown,
  { help, usage }: { help: string; usage: string },
  json: boolean,
): Promise<ExitStatus> {
  if (error instanceof Failure) {
    await reportFailure(error, json);
    return error.status;
  }
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) {
    await print(help);
    return EXIT.fine;
  }
  if (json) {
    const message = error.message.replace(/^error: /, '');
    await reportFailure(new Failure('usage', message, undefined, EXIT.usage), json);
  } else await complain(usage.trimEnd());
  return EXIT.usage;
}
