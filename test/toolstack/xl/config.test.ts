import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseXlCfg } from '../../../src/toolstack/xl/cfg.js';
import { parsePciSpec, parseRdm, readXlGuest } from '../../../src/toolstack/xl/config.js';

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
        rdm: { strategy: 'host', policy: 'strict' },
        rdmMemBoundary: 3n << 30n,
        pci: [
          { device: usb, rdmPolicy: null },
          { device: { segment: 0, bus: 0, device: 2, func: 0 }, rdmPolicy: 'relaxed' },
          { device: { segment: 1, bus: 3, device: 0, func: 1 }, rdmPolicy: 'strict' },
        ],
      },
      memory: {
        bytes: (0xaf0n - 16n) << 20n,
        notes: [expect.objectContaining({ code: 'populated-on-demand' })],
      },
      notes: [],
    });
  });

  test('reads the same with the line ends of Windows', () => {
    expect(readXlGuest(FILE.replaceAll('\n', '\r\n'))).toEqual(readXlGuest(FILE));
  });

  test('may leave out everything', () => {
    expect(readXlGuest('')).toMatchObject({
      options: {},
      memory: null,
      notes: [{ code: 'not-hvm' }],
    });
  });

  test('tells that the video memory is not said, and takes none off', () => {
    expect(readXlGuest('memory = 2800').memory).toMatchObject({
      bytes: 2800n << 20n,
      notes: [{ code: 'video-memory-unknown' }],
    });
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
    ['pci = "00:1d.0"', 'pci is a list in brackets.'],
    ['pci = [ "lspci" ]', 'The pci setting "lspci" names no device by its address'],
    ['pci = [ "00:1d.*" ]', 'names no device by its address'],
    ['pci = [ "00:1d.0,rdm_policy=none" ]', 'is "strict" or "relaxed", not "none".'],
    ['rdm = "strategy=guest"', 'is "host" or "ignore", not "guest".'],
    ['rdm = "type=host"', 'a strategy and a policy, but no "type".'],
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

test.each(['00:1d.0', '0000:00:1d.0@5,seize=1', 'bdf=00:1d.0', 'vslot=5,bdf=00:1d.0,permissive'])(
  'pci %j',
  (text) => {
    expect(parsePciSpec(text)).toEqual({ device: usb, rdmPolicy: null });
  },
);
