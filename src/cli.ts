import { EXIT, type ExitStatus, Failure } from './base/failure.js';
import { type CommandLine, readPlainLine, SCAN_THREAD } from './commands/command-line.js';
import { reportFailure } from './commands/output.js';

/** Whether the command line asks for JSON, so that even a usage error is told in it. */
const wantsJson = (args: readonly string[]): boolean =>
  args.some((arg, i) =>
    /^n?d?json$/.test(arg)
      ? /^(-f|--format)$/.test(args[i - 1] ?? '')
      : /^(--json|--format=n?d?json|-fn?d?json)$/.test(arg),
  );

/**
 * Runs the program as the shell does and sets the exit status.
 *
 * @returns the command that did its work; null where none did
 */
export async function main([, , ...args]: string[]): Promise<string | null> {
  if (SCAN_THREAD.every((word, i) => args[i] === word)) {
    const { run } = await import('./scan-thread.js');
    run();
    return null;
  }
  try {
    const line = readPlainLine(args) ?? (await readAnyLine(args));
    if (typeof line !== 'object') {
      process.exitCode = line;
      return null;
    }
    const status = await runCommand(line);
    process.exitCode = status;
    return status === EXIT.fine || status === EXIT.no ? line.name : null;
  } catch (error) {
    // Saying it may fail in turn, where standard output takes nothing.
    process.exitCode = await explain(error, args).catch((other) => explain(other, args));
    return null;
  }
}

async function readAnyLine(args: readonly string[]) {
  const { readCommandLine } = await import('./commands/program.js');
  return readCommandLine(args, wantsJson(args));
}

async function runCommand({ command, operands, options }: CommandLine): Promise<ExitStatus> {
  if (options.json) options.format = 'json';
  const { run } = await command.load();
  return run(operands, options as never);
}

/** Says what went wrong and answers with the exit status. */
async function explain(error: unknown, args: readonly string[]): Promise<ExitStatus> {
  if (!(error instanceof Failure)) throw error;
  await reportFailure(error, wantsJson(args));
  return error.status;
}
