import { fstatSync, statSync } from 'node:fs';
import type { Page } from '../render/basics/page.js';
import { loadStyle, wantsColor } from '../render/basics/style.js';
import { columnsOf } from '../render/basics/text.js';
import type { GlobalOptions } from './declarations.js';

/** The page of standard output, as options, terminal and environment have it. */
export async function pageOf({ color }: GlobalOptions): Promise<Page> {
  const { env } = process;
  // Asking Node for its stream of standard output costs more than drawing a map: only a terminal's is of use.
  const stdout = mayBeTerminal() ? process.stdout : {};
  return {
    columns: columnsOf(stdout, env),
    style: await loadStyle(wantsColor(color, stdout, env)),
  };
}

/** Whether standard output is a device that is not the one which drops everything. */
function mayBeTerminal(): boolean {
  const stats = fstatSync(1);
  return (
    stats.isCharacterDevice() &&
    stats.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev
  );
}
