import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDmar } from '../support/program.js';
import { schemaErrors } from '../support/schema.js';
import { tableOf } from '../support/tables.js';

let dir: string;
let table: string;
const inDir = (name: string) => join(dir, name);

/** A table with the two regions of xl.cfg(5)'s example. */
const EXAMPLE = {
  structures: [
    { name: 'DRHD', flags: 1, registerBaseAddress: '0xfed90000' },
    {
      name: 'RMRR',
      baseAddress: '0xac6d3000',
      limitAddress: '0xac6e6fff',
      devices: ['0000:00:1d.0'],
    },
    {
      name: 'RMRR',
      baseAddress: '0xad800000',
      limitAddress: '0xafffffff',
      devices: ['0000:00:02.0'],
    },
  ],
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dmar-guest-'));
  table = inDir('dmar.dat');
  writeFileSync(table, tableOf(EXAMPLE));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function json(...args: string[]) {
  const { status, stdout, stderr } = await runDmar(['guest', table, '--json', ...args]);
  expect(stderr).toBe('');
  const answer = JSON.parse(stdout);
  expect(schemaErrors('guest', answer)).toEqual([]);
  return { status, answer };
}

const ram = (base: string, limit: string) => ({ base, limit, type: 'RAM' });
const reserved = (base: string, limit: string) => ({ base, limit, type: 'reserved' });
const A = reserved('0x00000000ac6d3000', '0x00000000ac6e6fff');
const B = reserved('0x00000000ad800000', '0x00000000afffffff');
const LOW = ram('0x0000000000100000', '0x00000000ac5fffff');
const HIGH = ram('0x0000000100000000', '0x00000001029fffff');

describe("xl.cfg(5)'s example", () => {
  test('strategy host: Xen answers B first, and RAM ends below A', async () => {
    const { status, answer } = await json('--memory', '2800', '--rdm', 'strategy=host');
    expect(status).toBe(0);
    expect(answer).toMatchObject({ created: true, refusal: null, e820: [LOW, B, A, HIGH] });
  });

  test('pci = [A]', async () => {
    const { status, answer } = await json('--memory', '2800', '--pci', '00:1d.0');
    expect(status).toBe(0);
    expect(answer.e820).toMatchObject([LOW, A, HIGH]);
    expect(answer.regions).toMatchObject([
      { assigned: ['0000:00:1d.0'], policy: 'strict', fate: 'ram-moved', nr_pages: 20 },
    ]);
  });

  test('boundary 3072, strict: refused', async () => {
    const rdm = ['--rdm', 'strategy=host,policy=strict', '--rdm-mem-boundary', '3072'];
    const { status, answer } = await json('--memory', '2800', ...rdm);
    expect(status).toBe(1);
    expect(answer).toMatchObject({ created: false, refusal: 'rdm-conflict', e820: [] });
    expect(answer.message).toContain('RDM conflict at 0x00000000ad800000');
  });

  test('boundary 3072, relaxed: created, and the regions hidden', async () => {
    const rdm = ['--rdm', 'strategy=host,policy=relaxed', '--rdm-mem-boundary', '3072'];
    const { status, answer } = await json('--memory', '2800', ...rdm);
    expect(status).toBe(0);
    expect(answer.e820).toMatchObject([ram('0x0000000000100000', '0x00000000aeffffff')]);
    expect(answer.regions.map(({ fate }: { fate: string }) => fate)).toEqual(['hidden', 'hidden']);
  });

  test('without hap RAM reaches up to A', async () => {
    const { answer } = await json('--memory', '2800', '--pci', '00:1d.0', '--no-hap');
    expect(answer.memory).toEqual({
      lowmem_end: '0x00000000ac6d3000',
      mmio_start: '0x00000000f0000000',
      highmem_end: '0x000000010292d000',
    });
  });
});

describe('a configuration file', () => {
  const config = (text: string) => {
    writeFileSync(inDir('guest.cfg'), text);
    return ['--config', inDir('guest.cfg')];
  };

  test('says what the options say', async () => {
    const text = `type = "hvm"\nmemory = 2808\nvideoram = 8\nhap = 0\npci = ['00:1d.0', '00:02.0,rdm_policy=relaxed']\nmmio_hole = 512\nrdm_mem_boundary = 1024\nrdm = "strategy=host,policy=strict"\n`;
    const fromFile = await json('--xen', '4.14', ...config(text));
    const fromOptions = await json(
      ...['--xen', '4.14'],
      ...['--memory', '2800', '--no-hap', '--pci', '00:1d.0', '--mmio-hole', '512'],
      ...['--pci', '00:02.0,rdm_policy=relaxed', '--rdm-mem-boundary', '1024'],
      ...['--rdm', 'strategy=host,policy=strict'],
    );
    expect(fromFile).toEqual(fromOptions);
  });

  test('whose rdm xl of 4.15 and later drops: that is said first', async () => {
    const text = `type = "hvm"\nmemory = 2808\nrdm = "strategy=host,policy=strict"\n`;
    const { status, answer } = await json(...config(text));
    expect(status).toBe(0);
    expect(answer.guest.rdm).toEqual({ strategy: 'ignore', policy: 'relaxed' });
    expect(answer.remarks[0]).toMatchObject({ code: 'rdm-ignored-by-xl', severity: 'warning' });
    expect(answer.remarks[0].message).toMatch(
      /^Line 3 says rdm = "strategy=host,policy=strict"\. xl of 4\.22\.0 .*rdm = "strategy=host" alone/,
    );
  });

  test('and in the text it stands before the verdict', async () => {
    const text = `type = "hvm"\nmemory = 2808\nrdm = "strategy=host,policy=strict"\n`;
    const { stdout } = await runDmar(['guest', table, ...config(text)]);
    const [said, verdict] = ['Line 3 says rdm', 'The guest can be created.'].map((piece) =>
      stdout.indexOf(piece),
    );
    expect(said).toBeGreaterThan(0);
    expect(verdict).toBeGreaterThan(said ?? 0);
    expect(stdout.match(/Line 3 says rdm/g)).toHaveLength(1);
  });

  test.each([
    ['pod', 'memory = 1024\nmaxmem = 2808\npci = ["00:1d.0"]', 'Set both to the same value'],
    ['videoram', 'memory = 2800\nvideoram = 4', 'at least 8 MiB'],
  ])('with which libxl refuses the guest: %s', async (refusal, text, message) => {
    const { status, answer } = await json(...config(`type = "hvm"\n${text}\n`));
    expect({ status, refusal: answer.refusal, e820: answer.e820 }).toEqual({
      status: 1,
      refusal,
      e820: [],
    });
    expect(answer.message).toContain(message);
  });

  test('gives way to options', async () => {
    const text = "memory = 100\ntype = 'hvm'\npci = ['00:1d.0']\n";
    const { answer } = await json(...config(text), '--memory', '2800', '--pci', '00:02.0');
    expect(answer.guest).toMatchObject({ memory: 2800, pci: [{ device: '0000:00:02.0' }] });
  });

  test('that cannot be understood is named', async () => {
    const { status, stdout, stderr } = await runDmar([
      'guest',
      table,
      ...config("memory = 2800\npci = [ 'the big one' ]"),
    ]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`${inDir('guest.cfg')}: Line 2: The pci setting "the big one"`);
  });

  test('that is not there: status 3', async () => {
    const { status, stderr } = await runDmar(['guest', table, '--config', inDir('none.cfg')]);
    expect(status).toBe(3);
    expect(stderr).toContain(`There is no file ${inDir('none.cfg')}.`);
  });
});

describe('what is said beside the layout', () => {
  const codes = async (...args: string[]) => {
    const { answer } = await json('--memory', '2800', ...args);
    return answer.remarks.map(({ code }: { code: string }) => code);
  };

  test('a device in no region', async () => {
    expect(await codes('--pci', '00:1f.3')).toEqual(['device-without-region']);
  });

  test('nothing asked for', async () => {
    expect(await codes()).toEqual(['no-rdm-asked']);
  });

  test('VT-d off', async () => {
    expect(await codes('--rdm', 'host', '--no-iommu')).toEqual(['no-passthrough']);
  });

  test('that xl would hand the policy on to the device', async () => {
    const args = ['--pci', '00:1d.0', '--rdm-mem-boundary', '3072'];
    expect(await codes(...args, '--rdm', 'host,relaxed')).toEqual(['device-policy-assumed']);
    expect(await codes(...args, '--rdm', 'host')).toEqual([]);
  });

  test('an MMIO hole that is too small', async () => {
    expect(await codes('--rdm', 'host', '--mmio-hole', '255')).toEqual(['mmio-hole-ignored']);
  });
});

describe('what the kernel finds in the end', () => {
  test('the map of SeaBIOS, with the first MiB, ACPI and the hole', async () => {
    const { answer } = await json('--memory', '2800', '--pci', '00:1d.0');
    expect(answer.final).toMatchObject({
      boots: true,
      stops_in: null,
      pci_hole: { start: '0x00000000f0000000', end: '0x00000000fc000000' },
      approximate: ['acpi', 'bios', 'bars'],
    });
    expect(answer.final.e820).toMatchObject([
      ram('0x0000000000000000', '0x000000000009ffff'),
      reserved('0x00000000000c0000', '0x00000000000fffff'),
      LOW,
      A,
      { base: '0x00000000fc000000', type: 'NVS' },
      { limit: '0x00000000ffffffff', type: 'reserved' },
      HIGH,
    ]);
  });

  test.each([
    ['4.14.0', '0xfc050000', false],
    ['4.14.1', '0xfc050000', true],
    ['4.14.1', '0xfc150000', false],
  ])('of %s: a region at %s in memory that hvmloader hands out', async (xen, base, boots) => {
    const path = inDir('dynamic.dat');
    const limitAddress = `0x${(BigInt(base) + 0xfffn).toString(16)}`;
    const region = { name: 'RMRR', baseAddress: base, limitAddress, devices: ['0000:00:1d.0'] };
    const [drhd] = EXAMPLE.structures;
    writeFileSync(path, tableOf({ structures: [drhd, region] }));
    const args = ['--memory', '1024', '--pci', '00:1d.0', '--xen', xen, '--json'];
    const { status, stdout } = await runDmar(['guest', path, ...args]);
    const answer = JSON.parse(stdout);
    expect(schemaErrors('guest', answer)).toEqual([]);
    expect({ status, created: answer.created }).toEqual({ status: 0, created: true });
    expect(answer.final.boots).toBe(boots);
    if (boots) return;
    expect(answer.final.stops_in).toBe('memory_map_setup');
    expect(answer.message).toContain('It dies as soon as it starts: hvmloader of');
  });

  test('is not there where the guest is not created', async () => {
    const rdm = ['--rdm', 'strategy=host,policy=strict', '--rdm-mem-boundary', '3072'];
    expect((await json('--memory', '2800', ...rdm)).answer.final).toBeNull();
  });
});

describe('the attach', () => {
  test('to 4.13 fails for a region in RAM whose device has no policy', async () => {
    const { status, answer } = await json(
      ...['--memory', '2800', '--pci', '00:1d.0', '--rdm-mem-boundary', '3072', '--xen', '4.13'],
    );
    expect(status).toBe(1);
    expect(answer).toMatchObject({
      created: false,
      refusal: 'assign',
      assign: { device: '0000:00:1d.0', errno: 'EBUSY', rmrr_base: '0x00000000ac6d3000' },
    });
    expect(answer.e820).toHaveLength(1);
    expect(answer.message).toContain('With rdm_mem_boundary=2758 libxl would move the RAM away.');
  });
});

describe('guests of other types', () => {
  test('pvh gets no device from 4.14 on', async () => {
    const { status, answer } = await json('--memory', '2800', '--pci', '00:1d.0', '--type', 'pvh');
    expect(status).toBe(1);
    expect(answer).toMatchObject({ refusal: 'no-passthrough', regions: [], e820: [], final: null });
    expect(answer.message).toContain('no PCI device to a guest of type pvh');
  });

  test('pvh: no video memory is taken off', async () => {
    writeFileSync(inDir('pvh.cfg'), 'type = "pvh"\nmemory = 1000\n');
    const { status, answer } = await json('--config', inDir('pvh.cfg'));
    expect({ status, memory: answer.guest.memory }).toEqual({ status: 0, memory: 1000 });
    expect(answer.remarks).toMatchObject([{ code: 'pvh-guest' }]);
  });

  test('pv: no RAM is moved, and none is in the way', async () => {
    const args = ['--memory', '2800', '--pci', '00:1d.0', '--rdm-mem-boundary', '3072'];
    const { status, answer } = await json(...args, '--type', 'pv');
    expect(status).toBe(0);
    expect(answer).toMatchObject({ created: true, regions: [], final: null });
    expect(answer.remarks).toMatchObject([{ code: 'pv-guest' }]);
    expect(answer.remarks[0].message).toContain('e820_host=1');
  });
});

describe('usage', () => {
  test.each([
    [[], "The guest's memory is not known."],
    [['--memory', 'all'], '--memory is a number of MiB, not "all".'],
    [['--memory', '1'], 'A guest has more than 1 MiB of memory.'],
    [['--memory', '2800', '--mmio-hole', '4096'], '--mmio-hole is at most 3840 MiB'],
    [['--memory', '2800', '--rdm', 'strategy=guest'], 'The strategy in rdm'],
    [['--memory', '2800', '--pci', '00:20.0'], 'names no device'],
    [['--memory', '2800', '--xen', 'rfc-v7'], 'from Xen 4.6 on'],
  ])('%j: status 2', async (args, message) => {
    const { status, stdout, stderr } = await runDmar(['guest', table, ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('the text', () => {
  test('keeps within 80 columns, and has verdict, picture, E820 and regions', async () => {
    const args = ['guest', table, '--memory', '2800', '--rdm', 'strategy=host', '--pci', '00:1d.0'];
    const { status, stdout } = await runDmar(args, { env: { COLUMNS: '80' } });
    expect(status).toBe(0);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    for (const piece of [
      'The guest can be created.',
      /^0x00000000ac6d3000 ┊▒+┊ +80 KiB {2}00:1d\.0$/m,
      /^0x0000000100000000-0x00000001029fffff +42 MiB {2}RAM$/m,
      /^ +0xac6d3 +0xac6e6 +20 +80 KiB {2}strict +RAM moved {2}00:1d\.0$/m,
    ]) {
      expect(stdout).toMatch(piece);
    }
  });

  test('with colours says the same', async () => {
    const args = ['guest', table, '--memory', '2800', '--rdm', 'host'];
    const plain = await runDmar(args);
    const coloured = await runDmar([...args, '--color', 'always']);
    expect(coloured.stdout).not.toBe(plain.stdout);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes that colour
    expect(coloured.stdout.replace(/\x1b\[[\d;]*m/g, '')).toBe(plain.stdout);
  });
});

describe('other formats', () => {
  const args = ['--memory', '2800', '--pci', '00:1d.0', '--rdm', 'host,strict'];
  const refused = [...args, '--rdm-mem-boundary', '3072'];

  test('ndjson: a region a line, the verdict on standard error', async () => {
    const { answer } = await json(...refused);
    const { status, stdout, stderr } = await runDmar(['guest', table, '-f', 'ndjson', ...refused]);
    expect(status).toBe(1);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(answer.regions.map((region: object) => ({ source: table, ...region })));
    expect(stderr).toContain('The guest cannot be created: RDM conflict at 0x00000000ad800000.');
  });

  test('csv', async () => {
    const { stdout, stderr } = await runDmar(['guest', table, '-f', 'csv', ...args]);
    expect(stderr).toBe('');
    expect(stdout).toBe(
      [
        'source,start_pfn,nr_pages,base,limit,devices,assigned,policy,fate',
        `${table},710656,10240,0x00000000ad800000,0x00000000afffffff,0000:00:02.0,,strict,ram-moved`,
        `${table},706259,20,0x00000000ac6d3000,0x00000000ac6e6fff,0000:00:1d.0,0000:00:1d.0,strict,ram-moved`,
        '',
      ].join('\n'),
    );
  });

  test('more than one source: an answer for each', async () => {
    const { stdout } = await runDmar(['guest', table, table, '--json', ...args]);
    const answers = JSON.parse(stdout);
    expect(answers).toHaveLength(2);
    expect(schemaErrors('guest', answers[1])).toEqual([]);
  });
});

describe('--svg', () => {
  const draw = (...args: string[]) =>
    runDmar(['guest', table, '--memory', '2800', '--rdm', 'host', '--svg', ...args]);

  test('draws into a file, which is replaced only by force', async () => {
    const file = inDir('guest.svg');
    expect((await draw(file)).status).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
    writeFileSync(file, 'mine');
    const { status, stderr } = await draw(file);
    expect(status).toBe(2);
    expect(stderr).toContain(`${file} exists already.`);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await draw(file, '--force')).status).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('<svg ');
  });

  test('of a file that cannot be written: status 2', async () => {
    const { status, stderr } = await draw(inDir('none/guest.svg'));
    expect(status).toBe(2);
    expect(stderr).toContain('cannot be written');
    expect(existsSync(inDir('none'))).toBe(false);
  });
});

describe("dmar map's --svg", () => {
  test("draws the host's regions, over its memory map where there is one", async () => {
    const file = inDir('map.svg');
    const { status, stdout } = await runDmar(['map', table, '--json', '--svg', file]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).entries).toHaveLength(2);
    const svg = readFileSync(file, 'utf8');
    expect(svg).toContain('0x00000000ad800000 to 0x00000000afffffff: 00:02.0');
    expect(svg).toContain('host-physical address');
    expect(svg).not.toContain('class="ram"');
  });

  test('draws one source only', async () => {
    const { status, stderr } = await runDmar(['map', table, table, '--svg', inDir('two.svg')]);
    expect(status).toBe(2);
    expect(stderr).toContain('--svg draws one source, and more than one is given.');
  });
});

describe("a kernel's log in place of the table", () => {
  const log = (text: string) => {
    writeFileSync(inDir('dmesg.txt'), text);
    return inDir('dmesg.txt');
  };
  const LINUX = '[    0.1] DMAR: RMRR base: 0x000000ac6d3000 end: 0x000000ac6e6fff\n';

  test('gives the layout around all regions', async () => {
    const args = ['guest', log(LINUX), '--memory', '2800', '--rdm', 'strategy=host', '--json'];
    const { status, stdout } = await runDmar(args);
    expect(status).toBe(0);
    const answer = JSON.parse(stdout);
    expect(schemaErrors('guest', answer)).toEqual([]);
    expect(answer.e820).toMatchObject([LOW, A, HIGH]);
    expect(answer.regions[0].devices).toEqual([]);
    expect(answer.notes[0]).toContain('This is a log of Linux, not the table');
  });

  test('cannot tell which regions a device has, unless it names the devices', async () => {
    const args = ['--memory', '2800', '--pci', '00:1d.0'];
    const { status, stderr } = await runDmar(['guest', log(LINUX), ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain('does not say which device uses which region');
  });
});
