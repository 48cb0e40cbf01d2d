import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/base/failure.js';
import { readContent } from '../../src/evidence/content.js';
import { NODE_TOOLS } from '../../src/read/tools.js';

/** What is worst for one form or another, again and again. */
const WORST: readonly (readonly [string, string])[] = [
  ['blank lines', '\n'],
  ['blanks', ' '],
  ['quoting', '> > '],
  ['ends of lines that a mailer broke', 'x=\n'],
  ['entities', '&amp;'],
  ['colours', '\u001b[1m'],
  ['digits', '0'],
  ['pairs of digits', '44 '],
  ['words of digits', '00000000 '],
  ['offsets', '0000: '],
  ['bytes of C', '0x44,'],
  ['words of gdb', '0x44 '],
  ['titles of acpidump', 'DMAR @ 0x0\n'],
  ['offsets that step back', '00000010: 44 4d\n00000000: 44 4d\n'],
  ['squeezed lines', '00000000: 44 4d 41 52\n*\n00000008\n'],
  ['ends of dumps', '00000000  44 4d 41 52 01 02 03 04\n00000004\n'],
  ['fields of a listing', '[000h 0000 4] Signature : "DMAR"\n'],
  ['the start of a listing', '[000h 0000'],
  ['words that lines begin with', 'DMAR: RMRR base: '],
  ['regions', 'DMAR: RMRR base: 0x0000001000 end: 0x0000001fff\n'],
  ['endpoints', 'endpoint: 0000:00:1d.0\n'],
  ['structures', 'found ACPI_DMAR_RMRR:\n'],
  ['faults', '[DMA Read] Request device [00:1d.0] fault addr 1000\n'],
  ['functions', '00:00.0 Host bridge [0600]: Intel [8086:1918]\n'],
  ['ranges', '0x1000 0x1fff direct '],
  ['memory', '00001000-00001fff : Reserved\n'],
];

const [SMALL, LARGE] = [2 ** 16, 2 ** 22];
const LIMIT = 2 ** 26;

/** Milliseconds that reading takes; the least of some runs. */
async function timeOf(unit: string, size: number, runs: number): Promise<number> {
  const bytes = new TextEncoder().encode(unit.repeat(Math.ceil(size / unit.length)));
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await readContent(bytes, 'it', LIMIT, NODE_TOOLS.inflaters).catch((error) => {
      if (!(error instanceof Failure)) throw error;
    });
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

describe('reading a text of 4 MiB takes no more than its share of what one of 64 KiB does', () => {
  it.each(WORST)('%s', { timeout: 120_000 }, async (_, unit) => {
    const small = await timeOf(unit, SMALL, 5);
    const large = await timeOf(unit, LARGE, 1);
    // 64 times as long, and 16 times that for the noise of a busy machine: quadratic growth is 4,096 times.
    expect(large).toBeLessThan(16 * (LARGE / SMALL) * Math.max(small, 4));
  });
});
