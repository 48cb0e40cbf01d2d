import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT, Failure } from '../base/failure.js';
import { VERSION } from '../base/version.js';
import {
  COMMANDS,
  type CommandDeclaration,
  DEFAULT_COMMAND,
  type OptionDeclaration,
} from './declarations.js';
import { nearestName } from './nearest.js';
import { print } from './output.js';

const HELP_EPILOGUE = `
A source is a binary table, acpidump's text, a hex dump, iasl's listing or a
kernel's log, compressed or not, or a directory or archive of a captured host.

  sudo dmar                      the map of this machine
  dmar FILE                      the same as dmar map FILE
  sudo dmar devices 00:1d.0      may this device be given to a guest?
  dmar check FILE --fail-on warning

Exit status: 0 fine, 1 the answer is no, 2 wrong usage, 3 no table could be read,
or only a part of it. dmar help COMMAND has each command's.`;

/** A command line, understood. */
export interface CommandLine {
  readonly command: CommandDeclaration;
  readonly operands: string[];
  readonly options: Record<string, unknown>;
}

/** The one command that a command line can mean; null where help or usage may name them all. */
function commandOf(word: string | undefined): string | null {
  if (word === undefined) return DEFAULT_COMMAND;
  if (word.startsWith('-')) return null;
  return Object.hasOwn(COMMANDS, word) ? word : DEFAULT_COMMAND;
}

/** What commander would have printed. */
interface Told {
  help: string;
}

/**
 * Reads any command line, and prints the help it asks for.
 *
 * @param args the words after the program's name
 * @returns the command line, or the exit status where there is nothing more to do
 * @throws Failure of usage, which says what is wrong
 */
export async function readCommandLine(
  args: readonly string[],
): Promise<CommandLine | typeof EXIT.fine> {
  const told: Told = { help: '' };
  const lines: CommandLine[] = [];
  const name = commandOf(args[0]);
  await refuseSlip(args[0]);
  const program = createProgram(name, told, (line) => lines.push(line));
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) {
      await print(told.help);
      return EXIT.fine;
    }
    const message = error.message.replace(/^error: /, '');
    const help = name === null ? 'commands' : 'options';
    const where = name === null ? 'dmar --help' : `dmar ${name} --help`;
    throw new Failure('usage', message, `Run ${where} for its ${help}.`, EXIT.usage);
  }
  return lines[0] ?? EXIT.fine;
}

/**
 * The help of a command.
 *
 * @param name null: of the program
 */
export function helpText(name: string | null): string {
  const told: Told = { help: '' };
  try {
    createProgram(name, told, () => {}).parse([...(name ? [name] : []), '--help'], {
      from: 'user',
    });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  return told.help;
}

/** @throws Failure where the first word is no file, and one slip away from a command's name */
async function refuseSlip(word = ''): Promise<void> {
  if (word.startsWith('-') || Object.hasOwn(COMMANDS, word)) return;
  const near = nearestName(word, Object.keys(COMMANDS));
  if (near === null) return;
  const { existsSync } = await import('node:fs');
  const { toSystem } = await import('../read/system-path.js');
  if (existsSync(toSystem(word))) return;
  throw new Failure(
    'unknown-command',
    `There is no command and no file "${word}". Did you mean "${near}"?`,
    'Run dmar --help for the commands.',
    EXIT.usage,
  );
}

/** The program with the one command that is meant, or with all of them. */
function createProgram(
  only: string | null,
  told: Told,
  read: (line: CommandLine) => void,
): Command {
  const program = new Command('dmar')
    .description('Inspect the ACPI DMAR table and its reserved memory regions (RMRRs).')
    .version(VERSION)
    .addHelpText('after', HELP_EPILOGUE)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        told.help += text;
      },
      writeErr: () => {},
    });
  for (const [name, declaration] of Object.entries(COMMANDS)) {
    if (only === null || only === name) declare(program, name, declaration(), read);
  }
  return program;
}

function declare(
  program: Command,
  name: string,
  declaration: CommandDeclaration,
  read: (line: CommandLine) => void,
): void {
  const command = program
    .command(name, { isDefault: name === DEFAULT_COMMAND })
    .description(declaration.about);
  for (const [operand, about] of declaration.operands) command.argument(operand, about);
  for (const option of declaration.options) command.addOption(optionOf(option));
  command.addHelpText('after', statusText(declaration));
  command.action(() =>
    read({ command: declaration, operands: command.args, options: command.opts() }),
  );
}

/** What a command's exit statuses mean, for its help. */
function statusText({ status }: CommandDeclaration): string {
  if (status === undefined) return '';
  const lines = Object.entries({ ...status, 2: 'wrong usage' }).map(
    ([code, what]) => `  ${code}  ${what}`,
  );
  return `\nExit status:\n${lines.sort().join('\n')}`;
}

function optionOf({ flags, about, choices, default: value, required, parse }: OptionDeclaration) {
  const option = new Option(flags, about).makeOptionMandatory(required ?? false);
  if (choices !== undefined) option.choices(choices);
  if (value !== undefined) option.default(value);
  if (parse !== undefined) option.argParser((word, before) => parsed(parse, word, before));
  return option;
}

/** @throws InvalidArgumentError, which commander makes a usage error of, for a RangeError */
function parsed(parse: NonNullable<OptionDeclaration['parse']>, word: string, before: unknown) {
  try {
    return parse(word, before);
  } catch (error) {
    throw error instanceof RangeError ? new InvalidArgumentError(error.message) : error;
  }
}
