import { digitsToBytes } from '../../base/hex.js';
import { tablesOf } from '../pick.js';
import type { TextFormat, WrittenTable } from './format.js';
import { beginsAsTable } from './hex-lines.js';

/** Hexadecimal digits without offsets, as `xxd -p` prints them, on lines that hold nothing else. */
export const plainHex: TextFormat = {
  form: 'hexdump',
  read: ({ lines }) => runsOf(lines).flatMap(readRun),
};

/** The digits of lines that follow each other. Looks for what is no digit: a pattern for them all would overflow. */
function runsOf(lines: readonly string[]): string[] {
  const runs: string[] = [];
  let run: string[] = [];
  for (const line of lines) {
    if (!/[^0-9a-f\s>]/i.test(line)) run.push(line.replace(/[\s>]/g, ''));
    else if (run.length > 0) {
      runs.push(run.join(''));
      run = [];
    }
  }
  return [...runs, run.join('')];
}

function readRun(digits: string): WrittenTable[] {
  if (!beginsAsTable(digitsToBytes(digits.slice(0, 8)))) return [];
  return tablesOf(digitsToBytes(digits));
}
