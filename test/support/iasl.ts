import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Version of ACPICA's compiler and disassembler, e.g. 20250404; null where it is not installed. */
export const iaslVersion: number | null = (() => {
  const { stdout } = spawnSync('iasl', ['-v'], { encoding: 'utf8' });
  const version = /version (\d{8})/.exec(stdout ?? '')?.[1];
  return version === undefined ? null : Number(version);
})();

/** For titles of tests that need it. */
export const iaslNote =
  iaslVersion === null ? ' (skipped: no iasl, apt install acpica-tools)' : ` (iasl ${iaslVersion})`;

/** One field of a disassembly. */
export interface IaslField {
  offset: number;
  length: number;
  name: string;
  /** What follows the colon, without the remark in brackets. */
  value: string;
}

/** What iasl made of a table. */
export interface Disassembly {
  fields: IaslField[];
  /** Lines in which it complains, empty where all is well. */
  complaints: string[];
  /** What it compiles from its own disassembly; null where it refuses. */
  compiled: Uint8Array | null;
}

/** Newer releases write the length in hex, with an h. */
const FIELD = /^\[[0-9A-F]+h (\d+) +([0-9A-F]+)(h?)\] +(.+?) : (.*?)(?: +\[.*\])?$/;

/** Disassembles tables, and compiles what comes of it, in the order given. */
export function disassemble(tables: readonly Uint8Array[]): Disassembly[] {
  const folder = mkdtempSync(join(tmpdir(), 'dmar-iasl-'));
  try {
    const names = tables.map((_, i) => `t${i}`);
    for (const [i, name] of names.entries())
      writeFileSync(join(folder, `${name}.dat`), tables[i] ?? '');
    const run = (...args: string[]) => spawnSync('iasl', args, { cwd: folder, encoding: 'utf8' });
    run('-d', ...names.map((name) => `${name}.dat`));
    run(...names.map((name) => `${name}.dsl`));
    return names.map((file) => {
      const lines = read(folder, `${file}.dsl`)?.toString().split('\n') ?? ['no output'];
      const compiled = read(folder, `${file}.aml`);
      return {
        fields: lines.flatMap(fieldOf),
        complaints: lines.filter((line) => /^\*{4}|no output|Invalid|Error|Warning/.test(line)),
        compiled: compiled && new Uint8Array(compiled),
      };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fieldOf(line: string): IaslField[] {
  const match = FIELD.exec(line);
  if (match === null) return [];
  const [, offset, length = '', hex, name = '', value = ''] = match;
  return [{ offset: Number(offset), length: Number.parseInt(length, hex ? 16 : 10), name, value }];
}

function read(folder: string, name: string): Buffer | null {
  try {
    return readFileSync(join(folder, name));
  } catch {
    return null;
  }
}
