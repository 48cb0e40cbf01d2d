import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDmar } from '../support/program.js';
import { hasTool, pipe, scratch } from '../support/tools.js';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'dist/web/dmar.html');
const CASES = join(ROOT, '../shared/cases');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Chromium is kept from asking for anything by itself, so that what is asked for is the page's doing. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What the page asks, with the options that it begins with. */
const COMMANDS: readonly [command: string, ...options: string[]][] = [
  ['map'],
  ['devices'],
  ['check'],
  ['explain'],
  ['show'],
  ['guest', '--memory', '4096', '--rdm', 'strategy=host,policy=strict'],
];

const fixtures = readdirSync(join(ROOT, 'fixtures'))
  .filter((name) => /\.(dat|tar\.gz)$/.test(name))
  .map((name) => join(ROOT, 'fixtures', name));
const cases = existsSync(CASES)
  ? readdirSync(CASES)
      .filter((name) => /\.(txt|dat)$/.test(name))
      .map((name) => join(CASES, name))
  : [];

describe.skipIf(!existsSync(CHROMIUM))('the page in Chromium', () => {
  const { path, dispose } = scratch();
  let browser: Browser;
  let page: Page;
  /** Requests that would have left the page, errors, and dialogs that a script opened. */
  const unwanted: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) unwanted.push(`request ${request.url()}`);
    });
    page.on('pageerror', (error) => unwanted.push(`error ${error.message}`));
    page.on('dialog', (dialog) => {
      unwanted.push(`dialog ${dialog.message()}`);
      dialog.dismiss();
    });
  });
  afterAll(async () => {
    await browser?.close();
    dispose();
    expect(unwanted).toEqual([]);
  });

  /** Opens the page anew and gives it files. */
  async function give(...files: string[]): Promise<void> {
    await page.goto(`file://${PAGE}`);
    await page.setInputFiles('#files', files);
    await page.waitForFunction(
      (count) => document.querySelectorAll('#sources li').length === count,
      files.length,
    );
  }

  /** The JSON document of a question as the page has it; null where it has none. */
  const documentOf = async (question: string): Promise<unknown> => {
    const text = await page.evaluate((name) => {
      const place = document.querySelector(`pre[data-question="${name}"]`);
      return place === null
        ? null
        : new Promise<string>((resolve) => {
            const look = () => (place.textContent ? resolve(place.textContent) : setTimeout(look));
            look();
          });
    }, question);
    return text === null ? null : JSON.parse(text);
  };

  test.each([...fixtures, ...cases])('says of %s what the command line says', async (file) => {
    await give(file);
    for (const [question, ...options] of COMMANDS) {
      const { stdout } = await runDmar([question, file, '--json', ...options]);
      const expected =
        stdout === ''
          ? null
          : JSON.parse(stdout.replaceAll(file, file.split('/').at(-1) as string));
      expect({ question, document: await documentOf(question) }).toEqual({
        question,
        document: expected,
      });
    }
  });

  test.each<[string, (table: Buffer) => (Buffer | string)[]]>([
    ['gzip', (table) => [gzipSync(table), 'and text']],
    [
      'gzip of several members',
      (table) => [gzipSync(table.subarray(0, 9)), gzipSync(table.subarray(9)), 'and text'],
    ],
    [
      'gzip of much',
      (table) => [gzipSync(Buffer.concat([table, randomBytes(60_000)])), 'and text'],
    ],
    ['zstd', (table) => [execFileSync('zstd', ['-qc'], { input: table }), 'and text']],
  ])('tells of what stands behind %s, as the command line does', async (name, made) => {
    const file = path(name);
    const parts = made(readFileSync(join(ROOT, 'fixtures/laptop.dat')));
    writeFileSync(file, Buffer.concat(parts.map((part) => Buffer.from(part))));
    await give(file);
    const { stdout } = await runDmar(['map', file, '--json']);
    expect(stdout).toContain('goes on for 8 more bytes');
    expect(await documentOf('map')).toEqual(JSON.parse(stdout.replaceAll(file, name)));
  });

  test('tells gzip that was cut off from that', async () => {
    writeFileSync(
      path('cut.gz'),
      gzipSync(readFileSync(join(ROOT, 'fixtures/laptop.dat'))).subarray(0, 60),
    );
    await give(path('cut.gz'));
    expect(await page.locator('#answer').textContent()).toContain('cannot be decompressed');
  });

  test('says of a table that is too large to be shown that it is', async () => {
    const large = Buffer.alloc(2 ** 20);
    readFileSync(join(ROOT, 'fixtures/laptop.dat')).copy(large);
    writeFileSync(path('large.dat'), large);
    await give(path('large.dat'));
    expect(await page.locator('#answer').textContent()).toContain('more than 64 KiB');
  });

  test.each(['gzip', 'xz', 'zstd', 'bzip2'])('opens what %s packed', async (program) => {
    if (!hasTool(program)) return;
    const table = readFileSync(join(ROOT, 'fixtures/laptop.dat'));
    writeFileSync(path('packed'), pipe(table, program, '-c'));
    await give(path('packed'));
    const packed = (await documentOf('map')) as { entries: object[] };
    await give(join(ROOT, 'fixtures/laptop.dat'));
    const plain = (await documentOf('map')) as { entries: object[] };
    expect(packed.entries).toEqual(plain.entries);
  });

  test('shows markup in names as text', async () => {
    const name = '<img src=x onerror=alert(1)>.dat';
    writeFileSync(path(name), readFileSync(join(ROOT, 'fixtures/laptop.dat')));
    writeFileSync(path('x'), '<script>alert(2)</script>\nRMRR base: 0x1 <b>end</b>');
    await give(path(name), path('x'));
    expect(
      await page.locator('#answer b, #answer script, #answer [onerror], #sources img').count(),
    ).toBe(0);
    expect(await page.locator('#sources').textContent()).toContain(name);
  });

  test('keeps what was chosen in its address, and the paste out of it', async () => {
    await page.goto(`file://${PAGE}#xen=4.17&memory=8192`);
    expect(await page.locator('#memory').inputValue()).toBe('8192');
    await page.fill('#paste', 'DMAR: RMRR base: 0x000000ae74f000 end: 0x000000ae76efff');
    await page.fill('#linux', '6.8');
    await page.waitForFunction(() => location.hash.includes('linux=6.8'));
    expect(page.url()).toContain('xen=4.17');
    expect(page.url()).not.toContain('ae74f000');
  });

  test.each([
    ['#policy=none&memory=many&xen=%3Cb%3E', 'Xen <b> is not supported'],
    ['#policy=none&memory=many', 'not known for Linux'],
    ['#device=zz', '"zz" is no PCI address'],
    ['#linux=banana', '"banana" is no release of Linux'],
  ])('answers whatever its address says: %s', async (fragment, said) => {
    await page.goto('about:blank');
    await page.goto(`file://${PAGE}${fragment}`);
    await page.setInputFiles('#files', join(ROOT, 'fixtures/laptop.dat'));
    await page.waitForSelector('#answer article');
    const verdicts = await page.locator('#answer .verdict').allTextContents();
    expect(verdicts[0]).toContain(said);
  });

  test('lights up the bytes of a field, and the field of a byte', async () => {
    await give(join(ROOT, 'fixtures/laptop.dat'));
    await page.locator('tr[data-bytes="8 1"]').hover();
    expect(await page.locator('.bytes .lit').allTextContents()).toHaveLength(1);
    await page.locator('.bytes [data-at="36"]').hover();
    expect(await page.locator('tr.lit').textContent()).toMatch(/width/i);
  });

  test('leads from field to field by arrows, one stop of Tab', async () => {
    await give(join(ROOT, 'fixtures/laptop.dat'));
    const rows = page.locator('tr[data-bytes]');
    expect(await page.locator('tr[data-bytes][tabindex="0"]').count()).toBe(1);
    await rows.first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await rows.nth(2).evaluate((row) => row === document.activeElement)).toBe(true);
    expect(await page.locator('.bytes .lit').first().getAttribute('data-at')).toBe('8');
    await page.keyboard.press('ArrowUp');
    expect(await page.locator('tr.lit').textContent()).toContain('length');
  });

  test.each(['paste', 'input'])(
    'takes a long text of an event %s out of the field, and answers, reports and forgets it',
    async (type) => {
      await page.goto(`file://${PAGE}`);
      const region = 'DMAR: RMRR base: 0x000000ae74f000 end: 0x000000ae76efff';
      const text = `${region}\n${'usb 1-1: new high-speed USB device number 2 using xhci_hcd\n'.repeat(4000)}`;
      await page.evaluate(
        ([text, type]) => {
          const field = document.querySelector('#paste') as HTMLTextAreaElement;
          const clipboardData = new DataTransfer();
          clipboardData.setData('text/plain', text);
          if (type === 'input') field.value = text;
          field.dispatchEvent(
            type === 'paste' ? new ClipboardEvent(type, { clipboardData }) : new InputEvent(type),
          );
        },
        [text, type] as const,
      );
      await page.waitForSelector('#answer article');
      expect(await page.inputValue('#paste')).toBe('');
      expect(await page.locator('#sources li').textContent()).toContain(`${text.length} bytes`);
      expect(await page.locator('#answer').textContent()).toContain('0xae74f000-0xae76efff');
      await page.click('#report');
      expect(await page.locator('#copied textarea').inputValue()).toContain(region);
      await page.click('#sources button');
      await page.waitForFunction(() => document.querySelector('#answer')?.childElementCount === 0);
    },
  );

  test('shows a line that comes again and again once', async () => {
    await page.goto(`file://${PAGE}`);
    const fault = (page: number) =>
      `DMAR: [DMA Read] Request device [04:00.4] fault addr bdf8${page}000 [fault reason 06] PTE Read access is not set`;
    await page.fill('#paste', Array.from({ length: 9 }, (_, i) => fault(i)).join('\n'));
    await page.waitForSelector('#answer article');
    expect(await page.locator('#answer article div > pre').count()).toBe(1);
    expect(await page.locator('#answer').textContent()).toContain('8 more like it.');
  });

  test('says in a sentence above all else what each case comes to', async () => {
    for (const file of cases) {
      await give(file);
      const verdict = page.locator('#answer .verdict').first();
      const bottom = await verdict.evaluate((one) => one.getBoundingClientRect().bottom);
      expect({ file, seen: bottom < 800 }).toEqual({ file, seen: true });
      expect(await page.locator('#said').textContent()).toContain(await verdict.textContent());
    }
  });

  test('has names for all that is to be used, and headings in their order', async () => {
    await give(join(ROOT, 'fixtures/rack-server.dat'), join(ROOT, 'fixtures/laptop.dat'));
    const cdp = await page.context().newCDPSession(page);
    const { nodes } = await cdp.send('Accessibility.getFullAXTree');
    const used = nodes.filter(
      ({ ignored, role }) =>
        !ignored &&
        /^(button|textbox|combobox|slider|img|image|region|table|DisclosureTriangle)$/.test(
          role?.value,
        ),
    );
    expect(used.length).toBeGreaterThan(15);
    const nameless = used.filter(({ role, name }) => role?.value !== 'table' && !name?.value);
    expect(nameless.map(({ role }) => role?.value)).toEqual([]);
    const levels = await page.evaluate(() =>
      Array.from(document.querySelectorAll('h1, h2, h3'), ({ tagName }) => Number(tagName[1])),
    );
    expect(levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1)).toEqual([]);
  });

  test('answers for the sources that dmar page writes into it: tables, text, standard input', async () => {
    const [table, log] = ['fixtures/laptop.dat', 'fixtures/rack-server-host'];
    const input =
      'vfio-pci 0000:03:00.0: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.';
    await runDmar(['page', '-o', path('report.html'), table, log, '-'], {
      input: Buffer.from(input),
    });
    await page.goto(`file://${path('report.html')}`);
    await page.waitForSelector('#answer article');
    expect(await page.locator('#sources li').allTextContents()).toEqual([
      expect.stringContaining('laptop.dat'),
      expect.stringContaining('rack-server-host.tar.gz'),
      expect.stringContaining('standard input'),
    ]);
    expect(await page.locator('#said').textContent()).toContain('03:00.0: no, not by Linux');
    const { stdout } = await runDmar(['map', table, '--json']);
    expect(await documentOf('map')).toEqual(JSON.parse(stdout.replaceAll(table, 'laptop.dat')));
  });

  test('a report holds no personal detail of the paste', async () => {
    await page.goto(`file://${PAGE}`);
    const planted = [
      '3c:97:0e:ab:cd:ef',
      '192.168.7.23',
      'fe80::3e97:eff:feab:cdef',
      'willow',
      'anna',
      'CZJ1234567',
    ];
    await page.fill(
      '#paste',
      `anna@willow:~$ dmesg\nNov 28 12:00:01 willow kernel: e1000e 0000:00:1f.6 eth0: ${planted[0]}\ninet ${planted[1]} inet6 ${planted[2]}\nSerial Number: ${planted[5]}\nDMAR: RMRR base: 0x000000ae74f000 end: 0x000000ae76efff\n`,
    );
    await page.waitForSelector('#answer article');
    await page.click('#report');
    const report = await page.locator('#copied textarea').inputValue();
    for (const detail of planted) expect(report).not.toContain(detail);
    expect(report).toContain('ae74f000');
    expect(await page.locator('#copied').textContent()).toMatch(/Taken out: .*MAC address \(1\)/);
  });

  test.each([360, 800, 1600])('needs no scrolling sideways at %i pixels', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    await give(join(ROOT, 'fixtures/rack-server.dat'));
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('asks nobody and may run nothing that it does not hold', () => {
    const html = readFileSync(PAGE, 'utf8');
    expect(html).toMatch(
      /default-src 'none'; script-src 'sha256-[\w+/=]+' 'wasm-unsafe-eval'; style-src 'sha256-/,
    );
    expect(Buffer.byteLength(html)).toBeLessThan(400_000);
    expect(html).not.toMatch(/<(link|script|img)[^>]* (src|href)=/);
  });
});
