import { digitsToBytes } from '../../base/hex.js';
import { tablesOf } from '../pick.js';
import type { TextFormat, WrittenTable } from './format.js';
import { beginsAsTable } from './hex-lines.js';

/** Hexadecimal digits without offsets, as `xxd -p` prints them, on lines that hold nothing else. */
export const plainHex: TextFormat = {
  detect: (text) => /^[ \t>]*(?:[0-9a-f]{2}[ \t]*){4}/im.test(text),
  read: (text) => ({ kind: 'table', form: 'hexdump', tables: runsOf(text).flatMap(readRun) }),
};

/** The digits of lines that follow each other. Looks for what is no digit: a pattern for them all would overflow. */
function runsOf(text: string): string[] {
  const runs: string[] = [];
  let run: string[] = [];
  for (const line of text.split('\n')) {
    if (!/[^0-9a-f\s>]/i.test(line)) run.push(line.replace(/[\s>]+/g, ''));
    else if (run.length > 0) {
      runs.push(run.join(''));
      run = [];
    }
  }
  return [...runs, run.join('')];
}

function readRun(digits: string): WrittenTable[] {
  const bytes = digitsToBytes(digits);
  if (!beginsAsTable(bytes)) return [];
  return tablesOf(bytes).map((table) => ({ bytes: table, notes: [] }));
}
