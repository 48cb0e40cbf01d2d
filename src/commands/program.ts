import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT, Failure } from '../base/failure.js';
import { VERSION } from '../base/version.js';
import {
  COMMANDS,
  type CommandDeclaration,
  DEFAULT_COMMAND,
  type OptionDeclaration,
} from './declarations.js';
import { complain, print } from './output.js';

const HELP_EPILOGUE = `
A source is a binary table, acpidump's text, a hex dump, iasl's listing or a
kernel's log, compressed or not, or a directory or archive of a captured host.

  sudo dmar                      the map of this machine
  dmar FILE                      the same as dmar map FILE
  sudo dmar devices 00:1d.0      may this device be given to a guest?
  dmar check FILE --fail-on warning

Exit status: 0 fine, 1 the answer is no, 2 wrong usage, 3 no table could be read`;

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
  usage: string;
}

/**
 * Reads any command line, and says what is wrong with it or the help it asks for.
 *
 * @param args the words after the program's name
 * @param json whether a usage error is to be thrown, for a script to read, rather than told
 * @returns the command line, or the exit status where there is nothing more to do
 * @throws Failure `usage`
 */
export async function readCommandLine(
  args: readonly string[],
  json: boolean,
): Promise<CommandLine | typeof EXIT.fine | typeof EXIT.usage> {
  const told: Told = { help: '', usage: '' };
  const lines: CommandLine[] = [];
  const program = createProgram(commandOf(args[0]), told, (line) => lines.push(line));
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) {
      await print(told.help);
      return EXIT.fine;
    }
    if (json) {
      const message = error.message.replace(/^error: /, '');
      throw new Failure('usage', message, undefined, EXIT.usage);
    }
    for (const line of told.usage.trimEnd().split('\n')) await complain(line);
    return EXIT.usage;
  }
  return lines[0] ?? EXIT.fine;
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
    .showHelpAfterError('(dmar --help lists commands and options)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        told.help += text;
      },
      writeErr: (text) => {
        told.usage += text;
      },
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
  command.action(() =>
    read({ command: declaration, operands: command.args, options: command.opts() }),
  );
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
