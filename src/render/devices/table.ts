import { type DeviceReport, type DevicesAnswer, showsEveryRegion } from '../../answers/devices.js';
import { hex, hexDigits } from '../../base/hex.js';
import { append } from '../../base/lists.js';
import { formatSbdf } from '../../base/sbdf.js';
import type { ReservedRegion } from '../../regions/region.js';
import { DeviceSets } from '../basics/device-sets.js';
import type { Format } from '../basics/format.js';
import { facts, machineName, type Page, remarks } from '../basics/page.js';
import type { Style } from '../basics/style.js';
import { type Column, renderTable } from '../basics/table.js';
import { formatSize, listSome, shortName, wrap } from '../basics/text.js';
import { helpsOverride, overrideCommand } from './override.js';

/** From this width on there is room for drivers and regions beside each device. */
const WIDE = 140;
/** Regions that one device names. */
const FEW_REGIONS = 8;
/** Devices that one verdict names. */
const MANY_DEVICES = 24;
/** Columns of a narrow table beside the device's description. */
const OTHER_COLUMNS = 51;
const LEAST_DESCRIPTION = 16;

const PAINT: Readonly<Record<string, keyof Style>> = {
  ok: 'good',
  blocked: 'bad',
  unknown: 'warning',
  'needs relaxed': 'warning',
};

export const table: Format<DevicesAnswer> = {
  separator: '\n',
  pieces: (answer, { page }) => [renderDevices(answer, page)],
};

/** The devices and their verdicts as text for a terminal: a table, then why, and what to do about it. */
function renderDevices(answer: DevicesAnswer, page: Page): string {
  const { reports } = answer;
  const parts = [
    preamble(answer, page),
    reports.length === 0 ? wrap(noneText(answer), page.columns) : devicesTable(answer, page),
    regionsList(reports, page),
    kernelLists(reports, page),
    ...explanations(answer, page),
    remarks(
      [
        ...[...new Set(reports.flatMap(({ disagreements }) => disagreements))].map((message) => ({
          severity: 'warning' as const,
          message,
        })),
        ...answer.notes.map((message) => ({ message })),
        ...answer.diagnostics,
      ],
      page,
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Instead of the devices, where there are none to show. */
const noneText = ({ source }: DevicesAnswer): string =>
  showsEveryRegion(source)
    ? 'No reserved region touches any device (--all lists every device).'
    : 'It is not known which devices have a reserved region (see below).';

function preamble({ source, judges, hostRoot }: DevicesAnswer, page: Page): string {
  const { kernel, xen } = judges;
  const relaxed = kernel.relaxesAll ? ' with intel_iommu=relax_rmrr' : '';
  return facts(
    [
      ['Source', source.path],
      [
        'Machine',
        machineName(hostRoot, 'unknown: every device that the table names is taken as present'),
      ],
      ['Kernels', `Linux ${kernel.release}${relaxed} (VFIO); Xen ${xen.release.name} (HVM guest)`],
    ],
    page,
  );
}

/** Place among the table's structures of its kind; after them what comes from elsewhere. */
const indexOf = ({ origin }: ReservedRegion): number =>
  'index' in origin ? origin.index : 'line' in origin ? origin.line : Number.MAX_SAFE_INTEGER;
/** The structure that a region is from. */
const kindOf = ({ origin }: ReservedRegion): string =>
  'structure' in origin ? origin.structure : 'Region of';
const placeOf = ({ origin }: ReservedRegion): string => {
  if ('index' in origin) return `#${origin.index}`;
  return 'line' in origin ? `line ${origin.line}` : `${origin.option}=`;
};

const nameOf = ({ candidate }: DeviceReport): string => shortName(formatSbdf(candidate.address));

function devicesTable({ reports, names }: DevicesAnswer, { columns, style }: Page) {
  const wide = columns >= WIDE;
  const room = Math.max(LEAST_DESCRIPTION, columns - OTHER_COLUMNS - (wide ? 45 : 0));
  const headings: Column[] = [
    { heading: 'device' },
    { heading: 'group', align: 'right' },
    { heading: 'what it is' },
    ...(wide ? [{ heading: 'driver' }, { heading: 'regions' }] : []),
    { heading: 'memory' },
    { heading: 'Linux' },
    { heading: 'Xen' },
  ];
  const paint = (verdict: string) => style[PAINT[verdict] ?? 'faint'](verdict);
  const rows = reports.map((report) => {
    const { candidate, restriction, linux, xen } = report;
    const regions = candidate.uses.map(({ region }) => placeOf(region));
    return [
      nameOf(report),
      candidate.group === null ? '-' : String(candidate.group.id),
      shorten(describe(report, names), room),
      ...(wide ? [candidate.driver ?? '-', listSome(regions, FEW_REGIONS) || '-'] : []),
      restriction?.kind ?? '-',
      linux.verdict === 'not-applicable' ? '-' : paint(linux.verdict),
      paint(xen.verdict),
    ];
  });
  return renderTable(headings, rows, { gap: wide ? 2 : 1, heading: style.heading });
}

/** Class and name, or numbers where there is no database of names. */
function describe({ candidate }: DeviceReport, names: DevicesAnswer['names']): string {
  const { classCode, vendorId, deviceId, physicalFunction } = candidate;
  if (classCode === null || vendorId === null || deviceId === null) return 'unknown';
  const kind = names?.className(classCode) ?? `class ${hexDigits(classCode, 6)}`;
  const name =
    names?.device(vendorId, deviceId) ?? `${hexDigits(vendorId, 4)}:${hexDigits(deviceId, 4)}`;
  // In front, where a narrow terminal does not cut it off: its regions are the physical function's.
  const of = physicalFunction === null ? '' : `VF of ${shortName(formatSbdf(physicalFunction))}, `;
  return `${of}${kind}: ${name}`;
}

const shorten = (text: string, columns: number): string =>
  text.length > columns ? `${text.slice(0, columns - 1).trimEnd()}…` : text;

const rangeOf = (first: bigint, last: bigint): string => `${hex(first)}-${hex(last)}`;

/** Each region and the devices listed that it uses. */
function regionsList(reports: readonly DeviceReport[], { columns, style }: Page): string {
  const touched = new Map<ReservedRegion, string[]>();
  for (const report of reports) {
    for (const { region, below } of report.candidate.uses) {
      const name = nameOf(report) + (below ? ' (below a bridge named)' : '');
      append(touched, region, name);
    }
  }
  if (touched.size === 0) return '';
  const sets = new DeviceSets([...touched.values()]);
  const lines = [...touched]
    .sort(([a], [b]) => indexOf(a) - indexOf(b))
    .map(([region, devices]) => {
      const size = formatSize(BigInt.asUintN(64, region.limit - region.base + 1n));
      const text = `${kindOf(region)} ${placeOf(region)} ${rangeOf(region.base, region.limit)} (${size}): ${sets.name(devices) ?? devices.join(', ')}`;
      return `- ${wrap(text, columns - 2, '  ')}`;
    });
  const legend = sets.legend({ columns, style });
  const list = [style.heading('Reserved memory:'), ...lines].join('\n');
  return legend === '' ? list : `${list}\n\n${legend}`;
}

/** What the running kernel lists as reserved for the groups of the devices listed, interrupts aside. */
function kernelLists(reports: readonly DeviceReport[], { columns, style }: Page): string {
  const groups = new Set(reports.flatMap(({ candidate }) => candidate.group ?? []));
  const lines = [...groups].flatMap(({ id, reservedRegions }) => {
    const regions = (reservedRegions ?? []).filter(({ type }) => type !== 'msi');
    if (regions.length === 0) return [];
    const list = regions.map(({ start, end, type }) => `${rangeOf(start, end)} ${type}`).join(', ');
    return [`- ${wrap(`group ${id}: ${list}`, columns - 2, '  ')}`];
  });
  return lines.length === 0
    ? ''
    : [style.heading('What the running kernel lists (reserved_regions):'), ...lines].join('\n');
}

/** What several devices have in common: the verdict, why, the kernel's own words, the way out. */
interface Explanation {
  heading: string;
  message: string;
  log: readonly string[];
  /** What QEMU says; the group is that of the first device. */
  qemu: string | null;
  remedy: string | null;
  /** Whether a table that does not name the devices would help. */
  override: boolean;
  devices: string[];
}

/** Whether a yes needs no words: nothing touches the device, of whose machine something is known. */
const isPlain = ({ candidate }: DeviceReport, verdict: string): boolean =>
  verdict === 'ok' && candidate.uses.length === 0 && candidate.known;

/** A paragraph for each reason for which either judge does not simply say yes to a device. */
function explanations({ reports, judges }: DevicesAnswer, page: Page): string[] {
  const found = new Map<string, Explanation>();
  const add = (
    report: DeviceReport,
    explanation: Omit<Explanation, 'devices'>,
    distinction = '',
  ) => {
    const key = `${explanation.heading}\n${explanation.message}\n${distinction}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...explanation, devices: [nameOf(report)] });
    else known.devices.push(nameOf(report));
  };
  for (const report of reports) {
    const { verdict, message, log, qemu, remedy } = report.linux;
    if (isPlain(report, verdict)) continue;
    const heading = `Linux ${judges.kernel.release}: ${verdict}`;
    const override = helpsOverride(report);
    const said = log === null ? [] : [`"${log}"`];
    add(report, { heading, message, log: said, qemu, remedy, override });
  }
  for (const report of reports) {
    const { verdict, message, shared, log, remedy } = report.xen;
    if (isPlain(report, verdict)) continue;
    const heading = `Xen ${judges.xen.release.name}: ${verdict}`;
    const logged =
      log === null ? [] : [`"${log.strict}" under strict`, `"${log.relaxed}" under relaxed`];
    // The log names the region, so devices of another one are told apart.
    const region = shared === null ? '' : String(shared.base_address);
    add(report, { heading, message, log: logged, qemu: null, remedy, override: false }, region);
  }
  return [...found.values()].map((explanation) => paragraph(explanation, page));
}

function paragraph(
  { heading, message, log, qemu, remedy, override, devices }: Explanation,
  { columns, style }: Page,
): string {
  const likewise = devices.length > 1 && log.length > 1 ? ' (likewise for the others)' : '';
  const lines = [
    message,
    ...(log.length === 0 ? [] : [`The log says: ${log.join(', ')}${likewise}`]),
    ...(qemu === null ? [] : [`QEMU says: "${qemu}"`]),
    ...(remedy === null ? [] : [`What to do: ${remedy}`]),
    ...(override
      ? [
          `Or have a table loaded that does not name it; this makes one${devices.length > 1 ? ' (--drop-device again for each of the others)' : ''}, and says first what that risks: ${overrideCommand(devices.slice(0, 1))}`,
        ]
      : []),
  ];
  return [
    style.heading(wrap(`${heading}: ${listSome(devices, MANY_DEVICES)}`, columns)),
    ...lines.map((line) => `  ${wrap(line, columns - 2, '  ')}`),
  ].join('\n');
}
