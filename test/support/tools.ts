import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether a program that tests ask as an independent judge is installed. */
export function hasTool(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What a program prints of bytes on its standard input. */
export const pipe = (bytes: Uint8Array, command: string, ...args: string[]): Buffer =>
  execFileSync(command, args, { input: bytes, maxBuffer: 2 ** 30 });

/** A folder for a test's files that is gone once `dispose` was called. */
export function scratch(): { path: (name: string) => string; dispose: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'dmar-test-'));
  return {
    path: (name) => join(folder, name),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The listing that `iasl -d` makes of a table. */
export function disassemble(bytes: Uint8Array): string {
  const { path, dispose } = scratch();
  try {
    writeFileSync(path('table.dat'), bytes);
    execFileSync('iasl', ['-d', path('table.dat')], { stdio: 'ignore' });
    return readFileSync(path('table.dsl'), 'latin1');
  } finally {
    dispose();
  }
}
