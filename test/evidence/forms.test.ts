import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { byteSum, signatureOf } from '../../src/acpi/sdt.js';
import { readContent } from '../../src/evidence/content.js';
import { isIommuTable, pickTable } from '../../src/evidence/pick.js';
import { NODE_TOOLS } from '../../src/read/tools.js';
import { CORPUS, corpusNote, corpusTables } from '../support/corpus.js';
import { fixtures } from '../support/fixtures.js';
import { disassemble, hasTool, pipe } from '../support/tools.js';

const LIMIT = 2 ** 20;

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** The DMAR table read from bytes of any form. */
async function read(bytes: Uint8Array, which?: number) {
  const content = await readContent(bytes, 'it', LIMIT, NODE_TOOLS.inflaters);
  if (content.kind !== 'table') throw new Error(`taken for a ${content.kind}`);
  const picked = await pickTable(content.tables, 'it', which);
  return {
    form: content.form,
    notes: picked.notes,
    hex: Buffer.from(picked.bytes).toString('hex'),
  };
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Commands whose output people paste or attach, and the form it is to be told as. */
const COMMANDS: readonly [form: string, command: string, ...args: string[]][] = [
  ['hexdump', 'xxd'],
  ['hexdump', 'xxd', '-g', '1', '-u'],
  ['hexdump', 'xxd', '-a', '-c', '32'],
  ['hexdump', 'xxd', '-p'],
  ['hexdump', 'hexdump', '-C'],
  ['hexdump', 'hexdump', '-Cv'],
  ['hexdump', 'od', '-Ax', '-tx1'],
  ['hexdump', 'od', '-v', '-Ax', '-tx1z'],
  ['hexdump', 'od', '-tx1'],
  ['hexdump', 'od', '-Ad', '-tx1'],
  ['hexdump', 'od', '-An', '-tx1'],
  ['hexdump', 'hexdump'],
  ['hexdump', 'hexdump', '-v', '-x'],
  ['hexdump', 'od', '-x'],
  ['hexdump', 'od', '-Ax', '-tx4'],
  ['hexdump', 'xxd', '-e'],
  ['hexdump', 'xxd', '-i'],
  ['binary', 'gzip', '-c'],
  ['binary', 'xz', '-c'],
  ['binary', 'zstd', '-c', '-q'],
];

const TABLES = [...fixtures, ...corpusTables];

/** Variants are tried on the project's own tables alone, since each run of a tool takes its time. */
const VARIANTS = ['-g', '-a', '-Cv', '-v', '-Ad', '-An'];

describe.each(COMMANDS)('as %s that %s prints', (form, command, ...rest) => {
  const args = rest.filter((arg) => arg !== undefined);
  const tables = args.some((arg) => VARIANTS.includes(arg)) ? fixtures : TABLES;
  it.skipIf(!hasTool(command))(
    `with ${args.join(' ')}: every table is read back byte for byte${tables === TABLES ? corpusNote : ''}`,
    async () => {
      for (const { name, bytes } of tables) {
        const written = pipe(bytes, command, ...args);
        expect(await read(written), name).toEqual({ form, notes: [], hex: hexOf(bytes) });
      }
    },
  );

  it.skipIf(!hasTool(command) || form === 'binary')('with CRLF and quoted in a mail', async () => {
    for (const { name, bytes } of fixtures) {
      const text = pipe(bytes, command, ...args).toString();
      const hex = hexOf(bytes);
      expect((await read(latin1(text.replaceAll('\n', '\r\n')))).hex, name).toBe(hex);
      const quotable = !args.includes('-p') && !args.includes('-An');
      if (quotable) {
        const mail = `Hello,\n\nhere it is:\n${text.replace(/^/gm, '> ')}\nRegards\n`;
        expect((await read(latin1(mail))).hex, name).toBe(hex);
      }
    }
  });
});

describe.skipIf(!hasTool('iasl'))('as iasl -d lists it', () => {
  // iasl gives up on a structure of zero length, and then lists nothing of it.
  const whole = TABLES.filter(({ name }) => !/zero-length|truncated/.test(name));

  it(`every table is read back byte for byte${corpusNote}`, async () => {
    for (const { name, bytes } of whole) {
      const listing = disassemble(bytes);
      expect(await read(latin1(listing)), name).toEqual({
        form: 'disassembly',
        notes: [],
        hex: hexOf(bytes),
      });
    }
  });

  it('without its raw data, all that iasl names is read back', async () => {
    for (const { name, bytes } of whole) {
      const [listing = ''] = disassemble(bytes).split('Raw Table Data');
      // Structures that this iasl does not know are left out of a listing.
      if (/Unknown/.test(listing)) continue;
      const { hex } = await read(latin1(listing));
      // Of the header's strings neither unprintable characters nor what follows a NUL is listed.
      expect(hex.slice(2 * 36), name).toBe(hexOf(bytes).slice(2 * 36));
      expect(hex.slice(0, 20), name).toBe(hexOf(bytes).slice(0, 20));
    }
  });

  it('with lengths in hex, as newer versions write them', async () => {
    for (const { name, bytes } of fixtures.filter((fixture) => whole.includes(fixture))) {
      const listing = disassemble(bytes).replace(
        /^\[([0-9A-F]+h \d+) +(\d+)\]/gm,
        (_, place, length) =>
          `[${place} ${Number(length).toString(16).toUpperCase().padStart(3, '0')}h]`,
      );
      expect((await read(latin1(listing))).hex, name).toBe(hexOf(bytes));
    }
  });
});

describe('an iasl listing', () => {
  const field = (offset: number, length: number, value: string) =>
    `[${offset.toString(16).padStart(3, '0')}h ${String(offset).padStart(4, '0')} ${length}] Name : ${value}`;
  const header = [
    field(0, 4, '"DMAR"    [DMA Remapping table]'),
    field(4, 4, '00000048'),
    field(8, 1, '01'),
    field(9, 1, '00     /* Incorrect checksum, should be 52 */'),
    field(0x0a, 6, '"INTEL "'),
    field(0x10, 8, '"A \\" B"'),
    field(0x24, 1, '26'),
  ];

  it('is read by offset and length: strings, numbers, lists and paths', async () => {
    const lines = [...header, field(0x38, 8, '00000000FED90000'), field(0x46, 2, '1D,00')];
    const { hex } = await read(latin1(lines.join('\n')));
    // The checksum is made to fit, since most of the header is not shown.
    expect(hex).toBe(
      hexOf(
        Buffer.concat([
          latin1('DMAR\x48\0\0\0\x01\x9cINTEL A \\" B\0'),
          Buffer.alloc(13),
          Buffer.from(`${'26'.padEnd(40, '0')}0000d9fe${'0'.repeat(20)}1d00`, 'hex'),
        ]),
      ),
    );
  });

  it('of an old version has its paths in brackets', async () => {
    const lines = [...header, field(0x46, 2, '[1D, 00]')];
    expect((await read(latin1(lines.join('\n')))).hex.slice(2 * 0x46)).toBe('1d00');
  });

  it('that ends in a structure unknown to iasl is read up to there, and makes nothing up', async () => {
    const unit = [
      field(0x24, 12, '26 00 00 00 00 00 00 00 00 00 00 00'),
      field(0x30, 2, '0000'),
      field(0x32, 2, '0010'),
      field(0x34, 12, '01 00 00 00 00 10 D9 FE 00 00 00 00'),
    ];
    const unknown = [field(0x40, 2, '0005 [Unknown Subtable Type]'), field(0x42, 2, '0018')];
    const { hex, notes } = await read(latin1([...header, ...unit, ...unknown].join('\n')));
    expect(hex).toHaveLength(2 * 0x40);
    expect(hex.slice(8, 16)).toBe('40000000');
    expect(byteSum(Buffer.from(hex, 'hex'))).toBe(0);
    expect(notes.join()).toMatch(/ends at offset 64 of 72, with a structure of type 5/);
  });

  it('that leaves bytes out says so', async () => {
    const { hex, notes } = await read(latin1([...header, field(0x30, 2, '0000')].join('\n')));
    expect(notes.join()).toMatch(
      /does not show \d+ of the table's 50 bytes, the first at offset 24/,
    );
    expect(notes.join()).toMatch('the checksum shown is made to fit');
    expect(byteSum(Buffer.from(hex, 'hex'))).toBe(0);
  });

  it('never makes more of an offset than the limit allows', async () => {
    const rest = [field(0x25, 1, '00'), field(0x26, 10, Array(10).fill('00').join(' '))];
    const far = [...header, ...rest, '[7FFFFFFFh 2147483647 4] Name : 00000000'].join('\n');
    const { hex, notes } = await read(latin1(far));
    expect(hex).toHaveLength(2 * 48);
    expect(notes.join()).toMatch('from offset 2147483647 on are left out');
  });
});

const acpidumps = join(CORPUS, 'acpidump');
const machines = existsSync(acpidumps) ? readdirSync(acpidumps).sort() : [];

describe('as acpidump text', () => {
  /** Text as acpidump prints it; the layouts differ in indentation, digits of offsets and case. */
  const dump = (bytes: Uint8Array, layout: { indent: string; digits: number; lower?: boolean }) => {
    const signature = signatureOf(bytes);
    let text = `${signature} @ 0x00000000BF7E0000\n`;
    for (let at = 0; at < bytes.length; at += 16) {
      const line = bytes.subarray(at, at + 16);
      const hex = [...line].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase());
      const ascii = [...line].map((byte) =>
        byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.',
      );
      const offset = at.toString(16).toUpperCase().padStart(layout.digits, '0');
      text += `${layout.indent}${offset}: ${hex.join(' ').padEnd(47)}  ${ascii.join('')}\n`;
    }
    return layout.lower
      ? text.replace(/^ .*?: [0-9A-F ]*/gm, (start) => start.toLowerCase())
      : text;
  };
  const layouts = [
    { indent: '    ', digits: 4 },
    { indent: '  ', digits: 4, lower: true },
    { indent: '', digits: 8 },
  ];
  const other = new Uint8Array(44);
  other.set(latin1('APIC\x2c\0\0\0'));

  it.each(layouts)('every table in the layout %j', async (layout) => {
    for (const { name, bytes } of TABLES) {
      const text = `# acpidump\n\n${dump(other, layout)}\n\n${dump(bytes, layout)}\n${dump(other, layout)}`;
      for (const written of [text, text.replaceAll('\n', '\r\n')]) {
        expect(await read(latin1(written)), name).toEqual({
          form: 'acpidump',
          notes: [],
          hex: hexOf(bytes),
        });
      }
    }
  });

  it('as UTF-16 that a Windows shell wrote', async () => {
    const [{ bytes }] = fixtures as [(typeof fixtures)[0]];
    const text = Buffer.from(`\ufeff${dump(bytes, { indent: '    ', digits: 4 })}`, 'utf16le');
    expect((await read(text)).hex).toBe(hexOf(bytes));
  });

  it('several DMAR tables are all offered, and the first is taken', async () => {
    const [a, b] = fixtures as [(typeof fixtures)[0], (typeof fixtures)[0]];
    const layout = { indent: '    ', digits: 4 };
    const text = latin1(dump(a.bytes, layout) + dump(other, layout) + dump(b.bytes, layout));
    const first = await read(text);
    expect(first.hex).toBe(hexOf(a.bytes));
    expect(first.notes).toEqual([
      'it holds 2 DMAR tables; this is the first, --table 2 asks for another.',
    ]);
    expect(await read(text, 2)).toEqual({ form: 'acpidump', notes: [], hex: hexOf(b.bytes) });
    await expect(read(text, 3)).rejects.toMatchObject({ code: 'no-such-table', status: 2 });
  });

  it('tables back to back are all offered', async () => {
    const [first, second] = fixtures.map(({ bytes }) => bytes) as [Uint8Array, Uint8Array];
    const both = Buffer.concat([first, second]);
    for (const text of [both, latin1(hexOf(both))]) {
      expect((await read(text, 2)).hex).toBe(hexOf(second));
    }
    // What is no table stays with the one before it.
    const tail = Buffer.concat([both, Buffer.from('x')]);
    expect((await read(tail)).hex).toBe(hexOf(tail));
  });

  it('without a DMAR table it says which tables are there', async () => {
    const layout = { indent: '    ', digits: 4 };
    await expect(read(latin1(dump(other, layout).repeat(2)))).rejects.toMatchObject({
      code: 'no-dmar',
      status: 3,
      message: 'it holds no DMAR or IVRS table, but the tables APIC (2 times).',
    });
  });

  it('lines that are missing are said', async () => {
    const { bytes } = fixtures.find(({ name }) => name === 'laptop') as (typeof fixtures)[0];
    const lines = dump(bytes, { indent: '    ', digits: 4 }).split('\n');
    lines.splice(5, 2);
    const { hex, notes } = await read(latin1(lines.join('\n')));
    expect(hex).toBe(hexOf(bytes.subarray(0, 0x40)));
    expect(notes.join()).toMatch('lacks the bytes from offset 0x40 to 0x5f');
  });

  it.skipIf(machines.length === 0 || !hasTool('acpixtract')).each(machines)(
    'of %s: what acpixtract takes out',
    async (machine) => {
      const text = readFileSync(join(acpidumps, machine));
      const content = await readContent(text, 'it', LIMIT, NODE_TOOLS.inflaters);
      if (content.kind !== 'table') throw new Error(content.kind);
      const { execFileSync } = await import('node:child_process');
      const { mkdtempSync, rmSync } = await import('node:fs');
      const folder = mkdtempSync('/tmp/dmar-acpixtract-');
      try {
        execFileSync('acpixtract', ['-sDMAR', join(acpidumps, machine)], { cwd: folder });
        const extracted = readFileSync(join(folder, 'dmar.dat'));
        expect((await read(text)).hex).toBe(hexOf(extracted));
        expect(content.tables.filter((table) => isIommuTable(table.bytes))).toHaveLength(1);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

describe('squeezed lines', () => {
  const line = (at: string, byte: string) => `${at}  ${Array(16).fill(byte).join(' ')}\n`;
  const start = `00000000  44 4d 41 52 ${Array(12).fill('00').join(' ')}\n`;

  it('are restored up to the next offset', async () => {
    const { hex } = await read(latin1(`${start}${line('00000010', '20')}*\n00000045\n`));
    expect(hex).toBe(`444d4152${'00'.repeat(12)}${'20'.repeat(0x35)}`);
  });

  it('never stand for more than the limit', async () => {
    const text = latin1(`${start}${line('00000010', '20')}*\nfffffff0\n`);
    await expect(read(text)).rejects.toMatchObject({ code: 'too-large' });
  });
});
