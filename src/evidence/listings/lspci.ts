import { parseSbdf, type Sbdf } from '../../base/sbdf.js';
import type { FunctionFacts } from '../logs/facts.js';
import type { Listing } from './listing.js';

const ADDRESS = '((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7])';

/** `00:1f.0 ISA bridge [0601]: …`, `00:1f.0 0601: 8086:a145`, with or without a group's number before it. */
const FUNCTION = new RegExp(
  `^(?:[ \\t>]{0,20})(?:IOMMU Group (\\d{1,6})[: \\t]{1,4})?${ADDRESS} ([^\\n]{3,500})$`,
  'i',
);
/** `-n` prints class and IDs alone. */
const NUMBERS = /^(?:Class )?([0-9a-f]{4}): ([0-9a-f]{4}):([0-9a-f]{4})\b/i;
/** `-nn` prints the class behind its name. */
const CLASS = /^([^[\]:]{2,80}) \[([0-9a-f]{4})\]: /i;
/** IDs behind the names of maker and model. */
const IDS = /\[([0-9a-f]{4}):([0-9a-f]{4})\]/gi;
const NAME = /^([A-Za-z][A-Za-z0-9 /-]{2,60}): \S/;

const BUSES =
  /^\s{1,8}Bus: primary=[0-9a-f]{2}, secondary=([0-9a-f]{2}), subordinate=([0-9a-f]{2})/i;
const DRIVER = /^\s{1,8}Kernel driver in use: (\S{1,80})/;
const GROUP = /^\s{1,8}IOMMU group: (\d{1,6})/;

/** Classes by the names that lspci gives them (pci.ids), where it prints no numbers. */
const CLASSES: ReadonlyMap<string, number> = new Map([
  ['host bridge', 0x0600],
  ['isa bridge', 0x0601],
  ['pci bridge', 0x0604],
  ['vga compatible controller', 0x0300],
  ['display controller', 0x0380],
  ['3d controller', 0x0302],
  ['usb controller', 0x0c03],
  ['ethernet controller', 0x0200],
  ['network controller', 0x0280],
  ['sata controller', 0x0106],
  ['raid bus controller', 0x0104],
  ['scsi storage controller', 0x0100],
  ['serial attached scsi controller', 0x0107],
  ['non-volatile memory controller', 0x0108],
  ['audio device', 0x0403],
  ['multimedia audio controller', 0x0401],
  ['system peripheral', 0x0880],
  ['communication controller', 0x0780],
  ['signal processing controller', 0x1180],
  ['smbus', 0x0c05],
  ['serial bus controller', 0x0c80],
]);

function factsOf(text: string): FunctionFacts | null {
  const numbers = NUMBERS.exec(text);
  const hex = (digits: string | undefined) => Number.parseInt(digits ?? '', 16);
  if (numbers !== null) {
    const [, classCode, vendorId, deviceId] = numbers;
    return { classCode: hex(classCode) << 8, vendorId: hex(vendorId), deviceId: hex(deviceId) };
  }
  const named = CLASS.exec(text);
  if (named !== null) {
    const ids = Array.from(text.matchAll(IDS)).at(-1);
    return {
      classCode: hex(named[2]) << 8,
      ...(ids === undefined ? {} : { vendorId: hex(ids[1]), deviceId: hex(ids[2]) }),
    };
  }
  const name = NAME.exec(text)?.[1];
  const known = name === undefined ? undefined : CLASSES.get(name.toLowerCase());
  return known === undefined ? null : { classCode: known << 8 };
}

const isBridge = ({ classCode }: FunctionFacts): boolean =>
  classCode != null && (classCode >> 8 === 0x0604 || classCode >> 8 === 0x0607);

/** PCI functions as lspci prints them, with `-n`, `-nn`, `-v` or nothing; and as scripts print them by group. */
export const lspci: Listing = ({ lines }, { facts }) => {
  let at: Sbdf | null = null;
  let group: number | null = null;
  for (const line of lines) {
    const heading = /^[ \t>]{0,20}IOMMU Group (\d{1,6}):?[ \t]{0,8}$/i.exec(line)?.[1];
    if (heading !== undefined) {
      group = Number(heading);
      continue;
    }
    const [, before, address, rest = ''] = FUNCTION.exec(line) ?? [];
    const found = address === undefined ? null : factsOf(rest);
    if (address !== undefined && found !== null) {
      at = parseSbdf(address);
      if (at === null) continue;
      facts.pci(at, { headerType: isBridge(found) ? 1 : 0, ...found });
      facts.functionsListed = true;
      const id = before === undefined ? group : Number(before);
      if (id !== null) facts.group(id, at);
      continue;
    }
    if (line.trim() === '') {
      at = null;
      continue;
    }
    if (!/^\s/.test(line)) group = null;
    if (at === null) continue;
    const buses = BUSES.exec(line);
    const driver = DRIVER.exec(line)?.[1];
    const inGroup = GROUP.exec(line)?.[1];
    if (buses !== null) {
      const [secondary, subordinate] = buses.slice(1).map((digits) => Number.parseInt(digits, 16));
      facts.pci(at, {
        headerType: 1,
        secondary: secondary ?? null,
        subordinate: subordinate ?? null,
      });
    }
    if (driver !== undefined) facts.pci(at, { driver });
    if (inGroup !== undefined) facts.group(Number(inGroup), at);
  }
};
