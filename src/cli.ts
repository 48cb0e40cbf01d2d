import { type ExitStatus, Failure } from './base/failure.js';
import { reportFailure } from './commands/output.js';
import { readCommandLine } from './commands/program.js';
import { argumentsAsGiven } from './read/system-path.js';

/** What the program finds behind its name where it is a thread of `dmar scan`. */
const SCAN_THREAD = ['scan', '--thread'];

/** Whether the command line asks for JSON, so that even a usage error is told in it. */
const wantsJson = (args: readonly string[]): boolean =>
  args.some((arg, i) =>
    /^n?d?json$/.test(arg)
      ? /^(-f|--format)$/.test(args[i - 1] ?? '')
      : /^(--json|--json-lines|--format=n?d?json|-fn?d?json)$/.test(arg),
  );

/** Runs the program as the shell does and sets the exit status. */
export async function main([, , ...given]: string[]): Promise<void> {
  const args = argumentsAsGiven(given);
  if (SCAN_THREAD.every((word, i) => args[i] === word)) {
    const { run } = await import('./scan-thread.js');
    run();
    return;
  }
  try {
    process.exitCode = await runCommand(args);
  } catch (error) {
    // Saying it may fail in turn, where standard output takes nothing.
    process.exitCode = await explain(error, args).catch((other) => explain(other, args));
  }
}

async function runCommand(args: readonly string[]): Promise<ExitStatus> {
  const line = await readCommandLine(args);
  if (typeof line !== 'object') return line;
  const { command, operands, options } = line;
  if (options.json || options.jsonLines) options.format = 'json';
  const { run } = await command.load();
  return run(operands, options as never);
}

/** Says what went wrong and answers with the exit status. */
async function explain(error: unknown, args: readonly string[]): Promise<ExitStatus> {
  if (!(error instanceof Failure)) throw error;
  await reportFailure(error, wantsJson(args));
  return error.status;
}
