import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '../..');

/** The program as a user runs it; DMAR_BIN names another build of it, such as the standalone one. */
export const COMMAND: readonly string[] = process.env.DMAR_BIN
  ? [process.env.DMAR_BIN]
  : [process.execPath, join(ROOT, 'bin/dmar.js')];

export interface Outcome {
  status: number | null;
  stdout: string;
  /** Standard output as bytes. */
  bytes: Buffer;
  stderr: string;
}

/**
 * Runs the program from the project's root and waits for it to end.
 *
 * @param input what it finds on standard input
 * @param env what to add to the environment; colour and width are the program's own defaults otherwise
 */
export const runDmar = (
  args: readonly string[],
  { input, env }: { input?: Uint8Array; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> => run([...COMMAND, ...args], input, env);

/** What bash makes of a script in which `dmar` stands for the program. */
export function runShell(script: string): Promise<Outcome> {
  const dmar = COMMAND.map((word) => `'${word}'`).join(' ');
  return run(['bash', '-c', `dmar() { ${dmar} "$@"; }\n${script}`]);
}

function run(
  [command, ...args]: readonly string[],
  input: Uint8Array = new Uint8Array(),
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const { FORCE_COLOR: _force, NO_COLOR: _no, COLUMNS: _columns, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const options = { cwd: ROOT, env: { ...inherited, ...env } };
    const child = spawn(command as string, args, options);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // The program may well end before it has read everything.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (status) => {
      const bytes = Buffer.concat(out);
      resolve({ status, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}
