import {
  COMMANDS,
  type CommandDeclaration,
  DEFAULT_COMMAND,
  type OptionDeclaration,
} from './declarations.js';

/** A command line, understood. */
export interface CommandLine {
  /** The command's name. */
  readonly name: string;
  readonly command: CommandDeclaration;
  readonly operands: string[];
  readonly options: Record<string, unknown>;
}

/** What the program finds behind its name where it is a thread of `dmar scan`. */
export const SCAN_THREAD = ['scan', '--thread'];

/** The one command that a command line can mean; null where help or usage may name them all. */
export function commandOf(word: string | undefined): string | null {
  if (word === undefined) return DEFAULT_COMMAND;
  if (word.startsWith('-')) return null;
  return Object.hasOwn(COMMANDS, word) ? word : DEFAULT_COMMAND;
}

/**
 * Reads a command line that has nothing unusual about it, by itself: loading commander and declaring the
 * options to it would take as long as mapping a table.
 *
 * @param args the words after the program's name
 * @returns what commander would make of it; null where that is for commander to say, so also for whatever
 *   is wrong and for a call for help
 */
export function readPlainLine(args: readonly string[]): CommandLine | null {
  const name = commandOf(args[0]);
  const command = name === null ? undefined : COMMANDS[name]?.();
  if (name === null || command === undefined) return null;
  const options = defaultsOf(command);
  const operands: string[] = [];
  const words = args[Symbol.iterator]();
  if (args[0] === name) words.next();
  for (const word of words) {
    if (word === '-' || !word.startsWith('-')) operands.push(word);
    else if (!readOption(word, words, command, options)) return null;
  }
  const complete =
    takes(command, operands.length) &&
    command.options.every(({ required, flags }) => !required || keyOf(flags) in options);
  return complete ? { name, command, operands, options } : null;
}

function defaultsOf({ options }: CommandDeclaration): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  for (const { flags, default: value } of options) {
    if (flags.startsWith('--no-')) defaults[keyOf(flags)] = true;
    else if (value !== undefined) defaults[keyOf(flags)] = value;
  }
  return defaults;
}

/** What an option is called among the parsed: `--nr-entries <n>` is nrEntries, `--no-iommu` is iommu. */
function keyOf(flags: string): string {
  const [first = '', ...others] = longOf(flags)
    .slice(2)
    .split('-')
    .filter((part, i) => i > 0 || part !== 'no');
  return others.reduce((key, part) => key + part[0]?.toUpperCase() + part.slice(1), first);
}

/** The spelling with two dashes among an option's flags. */
const longOf = (flags: string): string =>
  flags.split(' ').find((flag) => flag.startsWith('--')) ?? '';

/** @returns whether the word, perhaps with the one after it, is an option of the command with a good value */
function readOption(
  word: string,
  rest: Iterator<string>,
  { options }: CommandDeclaration,
  parsed: Record<string, unknown>,
): boolean {
  const end = word.startsWith('--') ? word.indexOf('=') : -1;
  const [flag, joined] = end < 0 ? [word] : [word.slice(0, end), word.slice(end + 1)];
  const option = options.find(
    ({ flags }) => longOf(flags) === flag || flags.startsWith(`${flag},`),
  );
  if (option === undefined) return false;
  const key = keyOf(option.flags);
  if (!option.flags.endsWith('>')) {
    parsed[key] = !flag.startsWith('--no-');
    return joined === undefined;
  }
  const value = joined ?? rest.next().value;
  return value !== undefined && setValue(option, key, value, parsed);
}

function setValue(
  { choices, parse }: OptionDeclaration,
  key: string,
  value: string,
  parsed: Record<string, unknown>,
): boolean {
  if (choices !== undefined && !choices.includes(value)) return false;
  try {
    parsed[key] = parse === undefined ? value : parse(value, parsed[key]);
    return true;
  } catch {
    return false;
  }
}

/** Whether a command takes so many operands. */
function takes({ operands }: CommandDeclaration, count: number): boolean {
  const least = operands.filter(([name]) => name.startsWith('<')).length;
  const many = operands.some(([name]) => name.includes('...'));
  return count >= least && (many || count <= operands.length);
}
