import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_MACHINE } from '../../../src/toolstack/hvmloader/machine.js';
import { ramOf } from '../../../src/toolstack/libxl/build-info.js';
import { parseXlCfg } from '../../../src/toolstack/xl/cfg.js';
import { parsePciSpec, parseRdm, readXlGuest } from '../../../src/toolstack/xl/config.js';
import { readRdm } from '../../../src/toolstack/xl/rdm.js';
import { xlOf } from '../../../src/toolstack/xl/releases.js';

const usb = { segment: 0, bus: 0, device: 0x1d, func: 0 };

const FILE = `# a guest with two devices
name = "windows"
type = 'hvm'          # after a value
memory = 2048; maxmem = 0xaf0
videoram=16
vif = [ 'mac=00:16:3e:00:00:01,bridge=xenbr0', ]
viridian = [ "base", [ "time_ref_count" ] ]
rdm = "strategy=host,policy=strict"
rdm_mem_boundary = "3072"
mmio_hole = 1024
hap = 0
pci = [
    # the USB controller
    '00:1d.0,permissive=1',
    "0000:00:02.0@6,rdm_policy=relaxed" ,

    'bdf=0001:03:00.1,rdm_policy=strict,seize=1'
]
`;

describe('an xl configuration file', () => {
  test('gives what matters and nothing else', () => {
    expect(readXlGuest(FILE)).toEqual({
      options: {
        mmioHole: 1n << 30n,
        hap: false,
        rdmMemBoundary: 3n << 30n,
        pci: [
          { device: usb, rdmPolicy: null },
          { device: { segment: 0, bus: 0, device: 2, func: 0 }, rdmPolicy: 'relaxed', slot: 6 },
          { device: { segment: 1, bus: 3, device: 0, func: 1 }, rdmPolicy: 'strict' },
        ],
      },
      info: {
        maximum: 0xaf0n << 20n,
        target: 2048n << 20n,
        videoMemory: 16n << 20n,
        vga: 'cirrus',
        deviceModel: 'qemu-xen',
      },
      machine: { ...DEFAULT_MACHINE, emulatedNics: 1, mmioHole: 1n << 30n },
      type: 'hvm',
      notes: [
        {
          code: 'rdm-ignored-by-xl',
          severity: 'warning',
          text: 'strategy=host,policy=strict',
          line: 8,
          meant: { strategy: 'host', policy: 'strict' },
          xl: 'the newest release',
          grammar: 'policy-inverted',
        },
        { code: 'populated-on-demand', severity: 'warning' },
      ],
    });
  });

  test('hands the policy of rdm on to a device without one', () => {
    const text = 'rdm = "strategy=host,policy=strict"\npci = ["00:1d.0"]';
    const { options } = readXlGuest(text, xlOf('4.14.6'));
    expect(options).toMatchObject({
      rdm: { strategy: 'host', policy: 'strict' },
      pci: [{ device: usb, rdmPolicy: 'strict' }],
    });
  });

  test('reads the same with the line ends of Windows', () => {
    expect(readXlGuest(FILE.replaceAll('\n', '\r\n'))).toEqual(readXlGuest(FILE));
  });

  test('may leave out everything', () => {
    expect(readXlGuest('')).toMatchObject({
      options: {},
      info: { maximum: null },
      type: null,
      notes: [{ code: 'no-type' }],
    });
  });

  test.each([
    ['', 8n],
    ['vga = "stdvga"', 16n],
    ['stdvga = 1', 16n],
    ['vga = "qxl"', 128n],
    ['vga = "none"', 0n],
    ['device_model_version = "qemu-xen-traditional"', 4n],
    ['videoram = 32', 32n],
  ])('takes off the video memory: %s', (text, mib) => {
    const { info } = readXlGuest(`type = "hvm"\nmemory = 2800\n${text}`);
    expect(ramOf(info)).toBe((2800n - mib) << 20n);
  });

  test('counts the last of two settings, and += adds to the one before', () => {
    const { settings } = parseXlCfg('a = 1\na = 2\nb = [1]\nb += ["x"]\nc = "p"\nc += "q"');
    expect(Object.fromEntries(settings)).toEqual({ a: '2', b: ['1', 'x'], c: 'pq' });
  });

  test('keeps quotes and # inside strings', () => {
    const { settings } = parseXlCfg(
      ['a = \'it is # "quoted"\'', String.raw`b = "\"x\""`].join('\n'),
    );
    expect(Object.fromEntries(settings)).toEqual({ a: 'it is # "quoted"', b: '"x"' });
  });

  test('is read on after a line xl could not read', () => {
    const { settings, problems } = parseXlCfg('import os\nx = 1 + 1\ny = "open\nmemory = 5\n');
    expect(problems).toEqual([
      { line: 1, name: 'import' },
      { line: 2, name: 'x' },
      { line: 3, name: 'y' },
    ]);
    expect(settings.get('memory')).toBe('5');
  });

  test('counts lines inside a list', () => {
    expect(parseXlCfg('a = [\n"x",\n"y",\n]\n?').problems).toEqual([{ line: 5, name: null }]);
  });

  test.each([
    ['memory = lots', 'memory in line 1 has no value that xl can read.'],
    ['\nmemory = "lots"', 'memory is a number of MiB, not "lots".'],
    ['memory = [1]', 'memory is a single value, not a list.'],
    ['memory = 99999999999999', 'memory is a number of MiB, not "99999999999999".'],
    ['mmio_hole = 3841', 'mmio_hole is at most 3840 MiB, not 3841.'],
    ['\n\npci = [\n "00:1d.0",\n "x" ]', 'Line 5: The pci setting "x"'],
    ['vga = "voodoo"', 'Line 1: vga is "cirrus", "stdvga", "qxl" or "none", not "voodoo".'],
    ['pci = [ "lspci" ]', 'The pci setting "lspci" names no device by its address'],
    ['pci = [ "00:1d.0,name=usb" ]', 'has both an address and a name'],
    ['pci = [ "00:1d.0,rdm_policy=none" ]', 'is "strict" or "relaxed", not "none".'],
    ['pci = [', 'pci in line 1 has no value that xl can read.'],
  ])('%j: %s', (text, message) => {
    expect(() => readXlGuest(text)).toThrow(message);
  });

  test('whatever it holds, reading ends in an answer or a sentence', () => {
    const words = ['pci', 'memory', '=', '+=', '[', ']', ',', ';', '\n', '"', "'", '\\', '#', '7'];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string())), (parts) => {
        const { settings, problems } = parseXlCfg(parts.join(''));
        expect(settings.size + problems.length).toBeLessThanOrEqual(parts.join('').length);
      }),
    );
  });

  test('brackets and quotes without end are read in one go', () => {
    expect(parseXlCfg('a='.padEnd(1e6, '[')).problems).toHaveLength(1);
    expect(parseXlCfg("a='".padEnd(1e6, "\\'")).problems).toHaveLength(1);
  });
});

test.each([
  ['strategy=host,policy=relaxed', { strategy: 'host', policy: 'relaxed' }],
  ['policy=strict, strategy=host', { strategy: 'host', policy: 'strict' }],
  ['host', { strategy: 'host', policy: null }],
  ['host,strict', { strategy: 'host', policy: 'strict' }],
  ['strategy=ignore', { strategy: 'ignore', policy: null }],
  ['', { strategy: 'ignore', policy: null }],
])('rdm %j', (text, rdm) => {
  expect(parseRdm(text)).toEqual(rdm);
});

test.each([
  ['strategy=guest', 'is "host" or "ignore", not "guest".'],
  ['type=host', 'a strategy and a policy, but no "type".'],
])('rdm %j is none', (text, message) => {
  expect(() => parseRdm(text)).toThrow(message);
});

const byAddress = { device: usb, rdmPolicy: null, allFunctions: false, name: null };

test.each([
  ['00:1d.0', byAddress],
  ['0000:00:1d.0@5,seize=1', byAddress],
  ['bdf=00:1d.0', byAddress],
  ['vslot=5,bdf=00:1d.0,permissive', byAddress],
  ['00:1d.*,rdm_policy=relaxed', { ...byAddress, allFunctions: true, rdmPolicy: 'relaxed' }],
  ['name=usb', { device: { ...usb, device: 0 }, name: 'usb' }],
  ['00:1d.0,color=red', { ...byAddress, unknown: ['color'] }],
])('pci %j', (text, spec) => {
  expect(parsePciSpec(text)).toMatchObject(spec);
});

test('pci: bdf= and name= came with 4.15', () => {
  expect(() => parsePciSpec('bdf=00:1d.0', xlOf('4.14.6'))).toThrow('names no device');
  expect(() => parsePciSpec('name=usb', xlOf('4.14.6'))).toThrow('names no device');
});

test('pci as a single string gives no device, and that is said', () => {
  const { options, notes } = readXlGuest('type = "hvm"\npci = "00:1d.0"');
  expect(options.pci).toBeUndefined();
  expect(notes).toEqual([
    { code: 'pci-not-a-list', severity: 'warning', text: '00:1d.0', line: 2 },
  ]);
});

const both = { strategy: 'host', policy: 'strict' };
const hostOnly = { strategy: 'host', policy: 'undefined' };
const policyOnly = { strategy: 'undefined', policy: 'strict' };

// xl of 4.13, of 4.14 and of 4.15 and later (xlu_rdm_parse).
test.each([
  ['strategy=host', null, hostOnly, hostOnly],
  ['strategy=host,policy=strict', both, both, null],
  ['policy=strict,strategy=host', null, both, null],
  ['policy=strict', null, policyOnly, null],
  ['strategy=host,policy=other', null, null, hostOnly],
  ['strategy=ignore', null, null, null],
  ['host', null, null, null],
  ['strategy=host,', null, null, null],
  ['strategy=host, policy=strict', null, null, null],
  ['', null, null, null],
])('xl reads rdm = %j', (text, ...reads) => {
  const releases = ['4.13.5', '4.14.6', '4.22.0'];
  expect(releases.map((release) => readRdm(text, xlOf(release)))).toEqual(reads);
});
