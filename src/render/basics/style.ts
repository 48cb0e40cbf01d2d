import type { ChalkInstance } from 'chalk';

/** Colours by what they mean. */
export interface Style {
  heading(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warning(text: string): string;
  added(text: string): string;
  removed(text: string): string;
  faint(text: string): string;
}

const same = (text: string) => text;

/** No colour at all. */
export const PLAIN: Style = {
  heading: same,
  good: same,
  bad: same,
  warning: same,
  added: same,
  removed: same,
  faint: same,
};

/**
 * Whether to colour what goes to a stream.
 *
 * @param when the `--color` option; `auto` asks the environment (FORCE_COLOR, then NO_COLOR, then a
 *   dumb terminal), then whether the stream is a terminal
 */
export function wantsColor(
  when: 'auto' | 'always' | 'never',
  stream: { isTTY?: boolean },
  env: NodeJS.ProcessEnv,
): boolean {
  if (when !== 'auto') return when === 'always';
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env.NO_COLOR) return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** The colours, or none; the library is loaded only where there is something to colour. */
export async function loadStyle(color: boolean): Promise<Style> {
  if (!color) return PLAIN;
  const { Chalk } = await import('chalk');
  const chalk: ChalkInstance = new Chalk({ level: 1 });
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
