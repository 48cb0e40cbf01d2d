import { print } from './output.js';
import { mayBeTerminal } from './terminal.js';

/** What `less` is told unless LESS says otherwise: end where all fits, let colours through, leave the screen as it is. */
const LESS = 'FRX';

/** Exit status of a shell that does not find the command. */
const NOT_FOUND = 127;

/** The command that long text on a terminal goes through: DMAR_PAGER, else PAGER, else less; null for none. */
function pagerOf(env: NodeJS.ProcessEnv): string | null {
  const command = env.DMAR_PAGER ?? env.PAGER ?? 'less';
  return command === '' || command === 'cat' || env.TERM === 'dumb' ? null : command;
}

/** Whether somebody reads at a terminal, and the environment does not ask for text as it comes (`''` or `cat`). */
export async function hasPager(): Promise<boolean> {
  if (!mayBeTerminal() || pagerOf(process.env) === null) return false;
  const { isatty } = await import('node:tty');
  return isatty(1) && isatty(0);
}

/** Shows text on a terminal: through the pager where the terminal is too short for it. */
export async function showText(text: string): Promise<void> {
  const pager = pagerOf(process.env);
  if (pager === null || countLines(text) < process.stdout.rows) return print(text);
  const { spawnSync } = await import('node:child_process');
  const { status } = spawnSync(pager, {
    shell: true,
    input: text,
    stdio: ['pipe', 'inherit', 'inherit'],
    // What is shown may be a stranger's: less is not to start other programs or open other files.
    env: { LESS, LESSSECURE: '1', ...process.env },
  });
  if (status === NOT_FOUND) await print(text);
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
