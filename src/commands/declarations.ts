import type { PciId } from '../answers/devices.js';
import { EFFECTS } from '../answers/effects.js';
import { EXIT, Failure } from '../base/failure.js';
import { parseSbdf, type Sbdf } from '../base/sbdf.js';
import { parseSize } from '../base/size.js';
import { parseLinuxRelease } from '../linux/kernel.js';
import type { NewRegion } from '../regions/edit.js';
import { CHECK_FORMATS } from '../render/check/formats.js';
import { DEVICES_FORMATS } from '../render/devices/formats.js';
import { DIFF_FORMATS } from '../render/diff/formats.js';
import { EXPLAIN_FORMATS } from '../render/explain/formats.js';
import { GUEST_FORMATS } from '../render/guest/formats.js';
import { MAP_FORMATS } from '../render/map/formats.js';
import { OVERRIDE_FORMATS } from '../render/override/formats.js';
import { SHOW_FORMATS } from '../render/show/formats.js';
import { requireReleases } from '../xen/releases.js';
import type { Commands, OptionDeclaration } from './declaration.js';

export type * from './declaration.js';

const HIGHEST_U32 = 0xffff_ffff;

function parseCount(text: string): number {
  const count = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (count <= HIGHEST_U32) return count;
  throw new RangeError(`It must be a whole number from 0 to ${HIGHEST_U32}.`);
}

/** The hypercall's argument has 16 bits for it. */
const HIGHEST_SEGMENT = 0xffff;

function parseDevice(text: string): Sbdf {
  const sbdf = parseSbdf(text);
  if (sbdf !== null && sbdf.segment <= HIGHEST_SEGMENT) return sbdf;
  throw new RangeError('It must look like 0000:00:1d.0 or 00:1d.0.');
}

/** Codes of render/override/ways.ts, which is loaded only where it is needed. */
export const LOADERS = [
  ...['grub', 'xen', 'systemd-boot', 'dracut', 'mkinitcpio'],
  ...['initramfs-tools', 'proxmox', 'nixos', 'opencore'],
];

const ADDRESS = /^0x[0-9a-f]{1,16}$/i;

function parseAddress(text: string): bigint {
  if (ADDRESS.test(text)) return BigInt(text);
  throw new RangeError('It must be an address in hex, such as 0xbdf6e000.');
}

function parseRegion(text: string): NewRegion {
  const [range = '', ...names] = text.split(',');
  const [base = '', limit = '', ...more] = range.split('-');
  const devices = names.map(parseSbdf);
  const known = devices.filter((device) => device !== null && device.segment <= HIGHEST_SEGMENT);
  const [first] = known;
  if (
    ADDRESS.test(base) &&
    ADDRESS.test(limit) &&
    more.length === 0 &&
    BigInt(base) <= BigInt(limit) &&
    first &&
    known.length === names.length &&
    known.every((device) => device?.segment === first.segment)
  ) {
    return { base: BigInt(base), limit: BigInt(limit), devices: known as Sbdf[] };
  }
  throw new RangeError(
    'It must look like 0xbdf6e000-0xbdf6efff,00:1d.0: base and last byte, then devices of one segment.',
  );
}

function parseTableNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new RangeError('It must be a whole number, counted from 1.');
}

/** Sizes with a unit in MiB, as the toolstack takes them; a bare number is MiB already. */
function parseMebibytes(text: string): string {
  const match = /^(\d{1,9})([MGT])(iB)?$/i.exec(text);
  if (match === null) return text;
  const [, count = '', unit = 'M'] = match;
  return String(BigInt(count) * 1024n ** BigInt('MGT'.indexOf(unit.toUpperCase())));
}

function parseIds(text: string, before: unknown): PciId[] {
  const match = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text);
  if (match === null) throw new RangeError('It must look like 8086:1572.');
  const [vendorId, deviceId] = [match[1], match[2]].map((part) => Number.parseInt(part ?? '', 16));
  return [...((before as PciId[] | undefined) ?? []), { vendorId, deviceId } as PciId];
}

function parseLabel(text: string, before: unknown): Record<string, string> {
  const at = text.indexOf('=');
  if (at <= 0) throw new RangeError('It must look like rack=b12.');
  return { ...(before as Record<string, string>), [text.slice(0, at)]: text.slice(at + 1) };
}

/** A text of more bytes does not fit a string of Node's. */
const HIGHEST_MAX_SIZE = 511 * 2 ** 20;

function parseMaxSize(text: string): number {
  const size = parseSize(text);
  if (size !== null && size > 0 && size <= HIGHEST_MAX_SIZE) return size;
  throw new RangeError('It must be a number of bytes such as 65536 or 128MiB, at most 511MiB.');
}

/** A wrong release ends the command before any source is read. */
function parseXen(text: string): string {
  requireReleases(text);
  return text;
}

function parseEffects(words: string, before: unknown): string[] {
  const effects = collectList(words, before);
  if (effects.every((word) => EFFECTS.some((effect) => effect === word))) return effects;
  throw new RangeError(`It must be of ${EFFECTS.join(', ')}.`);
}

function parseLinux(text: string): string {
  if (parseLinuxRelease(text) !== null) return text;
  throw new Failure(
    'unknown-release',
    `"${text}" is no release of Linux.`,
    'One looks like 6.8.',
    EXIT.usage,
  );
}

/** Adds to what earlier uses of the option gave. */
const collectAll = (words: string[], before: unknown): string[] => [
  ...((before as string[] | undefined) ?? []),
  ...words,
];
const collect = (word: string, before: unknown) => collectAll([word], before);
const collectList = (words: string, before: unknown) => collectAll(words.split(','), before);

const globalOptions = (): OptionDeclaration[] => [
  {
    flags: '--color <when>',
    about: 'colour the output',
    choices: ['auto', 'always', 'never'],
    default: 'auto',
  },
  { flags: '-q, --quiet', about: 'print no warnings on standard error' },
  { flags: '--no-pager', about: 'never show text through a pager (DMAR_PAGER, PAGER, less)' },
];

const maxSizeOption = (): OptionDeclaration => ({
  flags: '--max-size <size>',
  about: 'refuse sources larger than this (default: 64MiB)',
  parse: parseMaxSize,
});

const sourceOptions = (formats: Readonly<Record<string, unknown>>): OptionDeclaration[] => [
  {
    flags: '-f, --format <name>',
    about: 'output format',
    choices: Object.keys(formats),
    default: Object.keys(formats)[0] as string,
  },
  { flags: '--json', about: 'print JSON (--format json)' },
  { flags: '--json-lines', about: 'JSON, the document of each source on a line' },
  ...('csv' in formats
    ? [
        {
          flags: '--columns <names>',
          about: 'only these columns of CSV, with commas between',
          parse: collectList,
        },
        { flags: '--no-header', about: 'leave out the names of the columns' },
      ]
    : []),
  {
    flags: '--root <dir>',
    about: 'captured host: a tree with sys/…, or a tar archive of one',
  },
  { flags: '--as-is', about: 'take a short table as what the firmware holds, not as one cut off' },
  {
    flags: '--table <n>',
    about: 'pick one of several tables in a source, counted from 1',
    parse: parseTableNumber,
  },
  maxSizeOption(),
  ...globalOptions(),
];

const xenOptions = (): OptionDeclaration[] => [
  {
    flags: '--xen <release>',
    about: 'act as this release: rfc-v7, 4.6 and later, or several: 4.13..4.17',
    parse: parseXen,
  },
  { flags: '--no-iommu', about: 'act as a hypervisor with its IOMMU off' },
  {
    flags: '--xen-cmdline <options>',
    about: "Xen's own options that change the answer: iommu=… rmrr=…",
  },
];

const svgOptions = (): OptionDeclaration[] => [
  { flags: '--svg <file>', about: 'draw the address space into this file as well' },
  { flags: '--force', about: 'replace the file of --svg if it is there' },
];

const SOURCE_FILE = 'file, directory or archive; - reads standard input';
const SOURCE = 'file, directory or archive; - reads standard input; omit to inspect this machine';

/** The command that is meant where none is named. */
export const DEFAULT_COMMAND = 'map';

/** Each command's declaration; made when it is asked for, since one run needs one. */
export const COMMANDS: Commands = {
  map: () => ({
    about: "print the guest-visible PFN map: the hypercall's answer (the default command)",
    operands: [['[source...]', SOURCE]],
    options: [
      { flags: '--compat', about: "make the 32-bit guest's hypercall" },
      {
        flags: '--nr-entries <n>',
        about: 'make one call with a buffer of n entries (default: ask for the count first)',
        parse: parseCount,
      },
      {
        flags: '--device <sbdf>',
        about: "ask for one device's regions instead of all (Xen 4.6 and later)",
        parse: parseDevice,
      },
      { flags: '--raw', about: "write the guest's buffer to standard output as raw bytes" },
      { flags: '--exit-zero', about: 'exit with 0 whatever the answer is' },
      ...svgOptions(),
      ...xenOptions(),
      ...sourceOptions(MAP_FORMATS),
    ],
    status: {
      0: 'VT-d is on, or was switched off by an option',
      1: 'the hypercall fails, or Xen refuses the table',
      3: 'no table could be read, or only a part of it',
    },
    load: () => import('./map.js'),
  }),

  devices: () => ({
    about: 'check whether devices can be passed through to a guest, and how to fix it',
    operands: [
      [
        '[bdf...]',
        'PCI addresses (00:1d.0) and sources; without an address, every device with an RMRR',
      ],
    ],
    options: [
      { flags: '--all', about: 'list every device of the machine' },
      {
        flags: '--vm <file>',
        about: "the devices of a virtual machine: Proxmox's .conf, libvirt's XML or xl's file",
      },
      {
        flags: '-d, --ids <vendor:device>',
        about: 'devices by what they are, such as 8086:1572; repeatable',
        parse: parseIds,
      },
      {
        flags: '--linux <release>',
        about: "judge as this kernel (default: the host's, else the newest known)",
        parse: parseLinux,
      },
      {
        flags: '--relax-rmrr',
        about: "as if booted with intel_iommu=relax_rmrr, which Proxmox's kernels know",
      },
      ...xenOptions(),
      ...sourceOptions(DEVICES_FORMATS),
    ],
    status: {
      0: 'no device asked for is blocked',
      1: 'a device asked for is blocked',
      3: 'that is not known, or no table could be read',
    },
    load: () => import('./devices.js'),
  }),

  explain: () => ({
    about: 'explain lines of Linux, Xen and toolstacks about regions, refusals and faults',
    operands: [
      [
        '<source or line...>',
        'logs and tables; a word with a blank in it is a line, as in "… rejecting configuring the device …"',
      ],
    ],
    options: sourceOptions(EXPLAIN_FORMATS),
    description: [
      'Says of each line that calls for it what it means, whose region it is about, and what to do on this machine. Other sources given beside a log (its table, a captured host with --root) tell what the log leaves out.',
      'A DMA fault is looked up in the regions that are known: in which it is and whose that is, or that none has it, and then the option that would add one.',
    ],
    examples: [
      ['dmesg | dmar explain -', 'what the log of this machine says'],
      ["dmar explain 'Device is ineligible for IOMMU domain attach'", 'a sentence alone'],
    ],
    status: { 0: 'a line was recognised', 3: 'none was, or a source could not be read' },
    load: () => import('./explain.js'),
  }),

  capture: () => ({
    about: 'pack what these commands need of this machine into an archive for a report',
    operands: [],
    options: [
      {
        flags: '-o, --output <file>',
        about: 'the archive to make, a gzipped tar',
        default: 'host.tar.gz',
      },
      {
        flags: '--script',
        about: 'print a shell script that makes the archive on a machine without Node.js',
      },
      { flags: '--root <dir>', about: 'a captured host instead of this machine' },
      { flags: '--force', about: 'overwrite the file' },
      ...globalOptions(),
    ],
    status: { 0: 'the archive was written', 3: 'the tree of --root could not be read' },
    load: () => import('./capture.js'),
  }),

  guest: () => ({
    about: "lay a guest's memory out around the reserved regions, as Xen's toolstack does",
    operands: [['[source...]', SOURCE]],
    options: [
      {
        flags: '--config <file>',
        about: "the guest's xl configuration file; command-line options override it",
      },
      {
        flags: '--memory <MiB>',
        about: "the guest's RAM without its video memory: 4096, 4G",
        parse: parseMebibytes,
      },
      {
        flags: '--mmio-hole <MiB>',
        about: 'the MMIO hole below 4 GiB',
        parse: parseMebibytes,
      },
      { flags: '--rdm <settings>', about: 'strategy=host|ignore,policy=strict|relaxed' },
      {
        flags: '--pci <device>',
        about: 'a device for the guest: bdf[,rdm_policy=…]; repeatable',
        parse: collect,
      },
      {
        flags: '--rdm-mem-boundary <MiB>',
        about: 'keep RAM in place for regions at or below this many MiB (default: 2048)',
        parse: parseMebibytes,
      },
      {
        flags: '--type <type>',
        about: "the guest's type (default: the file's, else hvm)",
        choices: ['hvm', 'pvh', 'pv'],
      },
      {
        flags: '--bios <name>',
        about: "the guest's firmware (default: the file's, else seabios)",
        choices: ['seabios', 'ovmf', 'rombios'],
      },
      { flags: '--no-hap', about: 'lay the guest out for shadow paging (hap=0)' },
      ...svgOptions(),
      ...xenOptions(),
      ...sourceOptions(GUEST_FORMATS),
    ],
    status: {
      0: 'the guest can be created',
      1: 'it cannot',
      3: 'no table could be read, or only a part of it',
    },
    load: () => import('./guest.js'),
  }),

  show: () => ({
    about: 'print every field of every structure',
    operands: [['[source...]', SOURCE]],
    options: [
      { flags: '--hex', about: 'prefix each field with its offset and bytes' },
      ...sourceOptions(SHOW_FORMATS),
    ],
    status: { 0: 'a table was read, damaged ones too', 3: 'no table could be read' },
    load: () => import('./show.js'),
  }),

  check: () => ({
    about: 'find what is wrong with a table, rule by rule',
    operands: [['[source...]', SOURCE]],
    options: [
      {
        flags: '--fail-on <severity>',
        about: 'exit with 1 on findings of this severity or worse',
        choices: ['error', 'warning', 'info'],
      },
      {
        flags: '--baseline <file>',
        about: 'fail on new findings only: what check --json or -f sarif printed before',
      },
      { flags: '--rc <file>', about: 'settings as JSON; options on the command line override it' },
      {
        flags: '--only <rule>',
        about: 'run only these rules: one, or several with commas; repeatable',
        parse: collectList,
      },
      {
        flags: '--ignore <rule>',
        about: 'leave these rules out; repeatable',
        parse: collectList,
      },
      {
        flags: '--xen <release>',
        about: 'only what concerns these releases: 4.17, 4.13..4.17',
        parse: parseXen,
      },
      { flags: '--linux <release>', about: 'only what concerns this kernel', parse: parseLinux },
      { flags: '--list', about: 'list the rules instead' },
      { flags: '--explain <rule>', about: 'explain one rule instead' },
      ...sourceOptions(CHECK_FORMATS),
    ],
    status: {
      0: 'no finding of the severity of --fail-on or worse',
      1: 'such a finding',
      3: 'no table could be read, or only a part of it',
    },
    load: () => import('./check.js'),
  }),

  diff: () => ({
    about: 'compare two tables and show the effect on guests',
    operands: [
      ['<old>', SOURCE_FILE],
      ['<new>', SOURCE_FILE],
    ],
    options: [
      {
        flags: '--fail-on <effect>',
        about: 'exit with 1 only on these: reserved, freed, vtd, blocked, any (default: any)',
        parse: parseEffects,
      },
      {
        flags: '--ignore-header',
        about: 'ignore identification fields: OEM, revisions, checksum, length',
      },
      ...xenOptions(),
      ...sourceOptions(DIFF_FORMATS),
    ],
    status: {
      0: 'no difference, or none of --fail-on',
      1: 'a difference',
      3: 'a table could not be read, or only a part of it',
    },
    load: () => import('./diff.js'),
  }),

  scan: () => ({
    about: 'print one JSON line per table found under the paths',
    operands: [['[path...]', 'directories to walk, and whatever map takes']],
    options: [
      {
        flags: '--files-from <file>',
        about: 'a list of further paths, one a line; - is standard input',
      },
      {
        flags: '-0, --null',
        about: 'the paths of that list end in NUL bytes, as find -print0 has it',
      },
      {
        flags: '--label <key=value>',
        about: 'what to call these sources in each line; repeatable',
        parse: parseLabel,
      },
      {
        flags: '--summary',
        about: 'counts instead of lines: models, refusals by release, binding devices',
      },
      { flags: '--json', about: 'the summary as JSON; lines always are' },
      maxSizeOption(),
      ...xenOptions(),
      ...globalOptions(),
    ],
    status: { 0: 'a table was found', 3: 'none was' },
    load: () => import('./scan.js'),
  }),

  override: () => ({
    about: 'make a table without what stands in the way, ready to load',
    operands: [['[source]', SOURCE]],
    options: [
      {
        flags: '--drop-device <bdf>',
        about: 'take this device out of every region; repeatable',
        parse: (word, before) => [...((before as Sbdf[] | undefined) ?? []), parseDevice(word)],
      },
      {
        flags: '--drop-region <address>',
        about: 'leave out the region that holds this address; repeatable',
        parse: (word, before) => [...((before as bigint[] | undefined) ?? []), parseAddress(word)],
      },
      {
        flags: '--keep-only-usb',
        about: 'take every device but USB controllers out of the regions',
      },
      {
        flags: '--add-rmrr <region>',
        about: 'add a region: base-limit,bdf[,bdf…], the limit being its last byte; repeatable',
        parse: (word, before) => [
          ...((before as NewRegion[] | undefined) ?? []),
          parseRegion(word),
        ],
      },
      {
        flags: '--fix',
        about: 'mend lengths, sums and unaligned regions; with --yes join regions that overlap',
      },
      { flags: '--yes', about: 'agree to free memory that Linux believes in use' },
      { flags: '--dry-run', about: 'write nothing, and show what would change field by field' },
      { flags: '-o, --output <file>', about: 'write the table: DMAR.aml' },
      {
        flags: '--initrd <file>',
        about: 'write an archive that goes in front of the initial RAM disk: acpi_override.cpio',
      },
      { flags: '--grub <file>', about: "write lines for GRUB's menu, for Linux and Xen" },
      { flags: '--opencore <file>', about: "write entries for OpenCore's config.plist" },
      {
        flags: '--loader <name>',
        about: 'tell how to have the table loaded there, and how to go back',
        choices: LOADERS,
      },
      { flags: '--force', about: 'overwrite the files' },
      {
        flags: '--linux <release>',
        about: "judge as this kernel (default: the host's, else the newest known)",
      },
      ...xenOptions(),
      ...sourceOptions(OVERRIDE_FORMATS),
    ],
    status: {
      0: 'the table was made, and the files that were asked for written',
      3: 'no table could be read, or only a part of it',
    },
    load: () => import('./override.js'),
  }),

  build: () => ({
    about: 'make a table from JSON: the inverse of show --json',
    operands: [['<json>', 'what show --json printed, or a shorter source; - is standard input']],
    options: [
      {
        flags: '-o, --output <file>',
        about: 'where the table goes; - is standard output',
        required: true,
      },
      { flags: '--fix', about: 'compute lengths and the checksum even where they are given' },
      { flags: '--force', about: 'overwrite the file' },
      ...globalOptions(),
    ],
    status: { 0: 'the table was written', 3: 'the JSON could not be read, or describes no table' },
    load: () => import('./build.js'),
  }),

  page: () => ({
    about: 'write a web page, as one file, that answers for these sources in a browser',
    operands: [['[source...]', 'files, and directories of captured hosts; none: an empty page']],
    options: [
      {
        flags: '-o, --output <file>',
        about: 'where the page goes; - is standard output',
        required: true,
      },
      { flags: '--force', about: 'overwrite the file' },
      ...globalOptions(),
    ],
    description: [
      'The page asks nobody for anything and works from a file. The sources are in it as they are: look at what they hold before it is published.',
    ],
    examples: [['dmar page -o report.html host.tar.gz', 'a report to attach, one file']],
    status: { 0: 'the page was written', 3: 'a source could not be read' },
    load: () => import('./page.js'),
  }),

  help: () => ({
    about: 'explain a command, a rule of check or a topic; without one, list them',
    operands: [['[topic]', 'name of a command, rule or topic']],
    options: [...globalOptions()],
    load: () => import('./help.js'),
  }),

  version: () => ({
    about: 'print the version, and which releases and rules it knows',
    operands: [],
    options: [{ flags: '--json', about: 'as JSON' }, ...globalOptions()],
    load: () => import('./version.js'),
  }),

  completion: () => ({
    about: 'print what makes a shell complete the names of commands and options',
    operands: [['<shell>', 'bash, zsh or fish']],
    options: [...globalOptions()],
    examples: [
      ['source <(dmar completion bash)', 'for this session of bash'],
      ['dmar completion fish > ~/.config/fish/completions/dmar.fish', 'for fish, from now on'],
    ],
    load: async () => (await import('./completion.js')).completionCommand(COMMANDS),
  }),

  manual: () => ({
    about: 'print a manual page in roff, as man(1) reads it',
    operands: [['[command]', 'the page of one command; left out: of the program']],
    options: [
      { flags: '--list', about: 'print the names of the commands instead' },
      ...globalOptions(),
    ],
    examples: [['dmar manual devices | man -l -', 'read the page of dmar devices']],
    load: async () => (await import('./manual.js')).manualCommand(COMMANDS),
  }),
};
