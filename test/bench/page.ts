import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { median } from './measure.js';

const PAGE = join(process.cwd(), 'dist/web/dmar.html');
const ROUNDS = 7;
/** Characters of a paste. */
const SIZE = 2 ** 20;

/** What a paste took, medians in milliseconds. */
export interface Pasting {
  readonly what: string;
  /** From the paste to the answer in the document. */
  readonly answered: number;
  /** Until it is painted. */
  readonly painted: number;
  /** Of the processor's time, whatever else the machine did. */
  readonly processor: number;
  /** The answer's time beside what the browser takes to lay the same text out in a text field. */
  readonly ofField: number;
}

const lines = (make: (i: number) => string): string => {
  let text = '';
  for (let i = 0; text.length < SIZE; i++) text += `${make(i)}\n`;
  return text.slice(0, SIZE);
};
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** The lines of a machine's log in which nothing is told of IOMMUs. */
const NOISE: readonly ((i: number) => string)[] = [
  (i) =>
    `pci 0000:${hex(i % 256, 2)}:1c.${i % 8}: [8086:a1${hex(i % 256, 2)}] type 01 class 0x060400`,
  (i) =>
    `pci 0000:00:1c.${i % 8}: BAR 13: assigned [io  0x${hex(i * 16, 4)}-0x${hex(i * 16 + 15, 4)}]`,
  (i) => `usb 1-${i % 14}: new high-speed USB device number ${i % 128} using xhci_hcd`,
  (i) => `systemd[1]: Starting Load Kernel Module number ${i}...`,
  (i) => `ata${i % 8}: SATA link up 6.0 Gbps (SStatus 133 SControl 300)`,
];
const noise = (i: number) =>
  `[${(i / 1000).toFixed(6).padStart(12)}] ${NOISE[i % NOISE.length]?.(i)}`;

/** A table as acpidump prints it. */
const dumped = (signature: string, bytes: Uint8Array): string => {
  const rows = [`${signature} @ 0x000000007B0E1000`];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16), (byte) => hex(byte, 2).toUpperCase());
    rows.push(`    ${hex(at, 4).toUpperCase()}: ${row.join(' ').padEnd(48)} ................`);
  }
  return `${rows.join('\n')}\n\n`;
};

/** A table of another kind, of bytes that mean nothing. */
function filler(length: number): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 24);
  bytes.set(new TextEncoder().encode('SSDT'));
  new DataView(bytes.buffer).setUint32(4, length, true);
  return bytes;
}

function pastes(): [what: string, text: string][] {
  const table = readFileSync('fixtures/rack-server.dat');
  const log = [
    'DMAR: RMRR base: 0x000000ae74f000 end: 0x000000ae76efff',
    'Setting identity map for device 0000:00:1d.0 [0xae74f000 - 0xae76efff]',
    'vfio-pci 0000:00:1d.0: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.',
  ];
  const dmesg = lines((i) => (i === 900 ? log.join('\n') : noise(i)));
  const lspci = lines(
    (i) =>
      `${hex((i >> 3) % 256, 2)}:0${i % 8}.0 Ethernet controller: Intel Corporation I350 Gigabit Network Connection (rev 01)\n\tControl: I/O- Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B-\n\tRegion 0: Memory at fb${hex(i % 256, 2)}0000 (32-bit, non-prefetchable) [size=128K]\n\tKernel driver in use: igb\n`,
  );
  return [
    ['dmesg', dmesg],
    [
      'dmesg of faults',
      lines(
        (i) =>
          `${log.join('\n')}\nDMAR: [DMA Read] Request device [00:1d.0] fault addr ${hex(i * 4096, 8)} [fault reason 06] PTE Read access is not set`,
      ),
    ],
    [
      'acpidump',
      `${dumped('DSDT', filler(120_000))}${dumped('DMAR', table)}${dumped('SSDT', filler(110_000))}`,
    ],
    ['lspci -vvv and dmesg', lspci.slice(0, SIZE / 2) + dmesg.slice(0, SIZE / 2)],
    ['a hex dump over and over', lines(() => table.toString('hex').replace(/../g, '$& '))],
    [
      'words',
      lines(() => 'the quick brown fox jumps over the lazy dog and says nothing of tables'),
    ],
  ];
}

/** Pastes of a megabyte in Chromium: what the page takes from each to its answer. */
export async function measurePastes(executablePath: string): Promise<Pasting[]> {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const results: Pasting[] = [];
    for (const [what, text] of pastes()) {
      const runs: Omit<Pasting, 'what'>[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
        await page.goto(`file://${PAGE}`);
        await page.waitForTimeout(200);
        runs.push(await paste(page, text));
        await page.close();
      }
      const of = (key: keyof Omit<Pasting, 'what'>) => median(runs.map((run) => run[key]));
      const [answered, painted, processor] = [of('answered'), of('painted'), of('processor')];
      results.push({ what, answered, painted, processor, ofField: of('ofField') });
    }
    return results;
  } finally {
    await browser.close();
  }
}

/** Pastes a text, in the page; milliseconds until it is answered and until that is painted. */
const ANSWER = `async (text) => {
  const answer = document.getElementById('answer');
  const field = document.getElementById('paste');
  const answers = new Promise((resolve) => {
    new MutationObserver(() => answer.childElementCount > 0 && resolve()).observe(answer, { childList: true });
  });
  const start = performance.now();
  field.value = text;
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  await answers;
  const answered = performance.now() - start;
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return { answered, painted: performance.now() - start };
}`;

/** Puts a text in a text field, in the page; milliseconds until that is laid out. */
const LAY_OUT = `(text) => {
  const field = document.getElementById('paste');
  const start = performance.now();
  field.value = text;
  field.getBoundingClientRect();
  return performance.now() - start;
}`;

async function paste(page: Page, text: string): Promise<Omit<Pasting, 'what'>> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const processorTime = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  };
  const before = await processorTime();
  const { answered, painted } = await page.evaluate<{ answered: number; painted: number }>(
    `(${ANSWER})(${JSON.stringify(text)})`,
  );
  const processor = (await processorTime()) - before;
  const field = await page.evaluate<number>(`(${LAY_OUT})(${JSON.stringify(text)})`);
  return { answered, painted, processor, ofField: answered / field };
}
