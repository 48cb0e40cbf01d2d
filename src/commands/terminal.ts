import { fstatSync, statSync } from 'node:fs';
import type { Page } from '../render/basics/page.js';
import { PLAIN, type Style } from '../render/basics/style.js';
import type { GlobalOptions } from './declarations.js';

/** The page of standard output, as options, terminal and environment have it. */
export async function pageOf({ color }: GlobalOptions): Promise<Page> {
  const { env } = process;
  // Asking Node for its stream of standard output costs more than drawing a map: only a terminal's is of use.
  const stdout = mayBeTerminal() ? process.stdout : {};
  return {
    columns: columnsOf(stdout, env),
    style: wantsColor(color, stdout, env) ? await colours() : PLAIN,
  };
}

/** Whether the locale names a character set that is not UTF-8; where none is named, nothing is known against it. */
export function isAsciiOnly({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG;
  return locale !== undefined && locale !== '' && !/utf-?8/i.test(locale);
}

/** Whether standard output is a device that is not the one which drops everything. */
export function mayBeTerminal(): boolean {
  const stats = fstatSync(1);
  return (
    stats.isCharacterDevice() &&
    stats.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev
  );
}

/** Width of a page where nobody says otherwise. */
const PAGE_COLUMNS = 120;
/** Narrower than this nothing is drawn; lines wrap instead. */
const LEAST_COLUMNS = 40;

/**
 * Columns to fill: those of the terminal; else what COLUMNS says; else those of a page, since what is
 * piped or redirected is read later, elsewhere.
 */
export function columnsOf(stream: { columns?: number }, env: NodeJS.ProcessEnv): number {
  const columns = stream.columns ?? Number(env.COLUMNS);
  return columns > 0 ? Math.max(columns, LEAST_COLUMNS) : PAGE_COLUMNS;
}

/**
 * Whether to colour what goes to a stream.
 *
 * @param when the `--color` option; `auto` asks the environment (FORCE_COLOR, then NO_COLOR, then a
 *   dumb terminal), then whether the stream is a terminal
 */
function wantsColor(
  when: GlobalOptions['color'],
  stream: { isTTY?: boolean },
  env: NodeJS.ProcessEnv,
): boolean {
  if (when !== 'auto') return when === 'always';
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env.NO_COLOR) return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** The colours; the library is loaded only where there is something to colour. */
async function colours(): Promise<Style> {
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return {
    heading: (text) => chalk.bold(text),
    good: (text) => chalk.green(text),
    bad: (text) => chalk.bold.red(text),
    warning: (text) => chalk.yellow(text),
    added: (text) => chalk.green(text),
    removed: (text) => chalk.red(text),
    faint: (text) => chalk.dim(text),
  };
}
