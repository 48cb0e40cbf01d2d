import { missingFrom } from '../../answers/completeness.js';
import type { GuestAnswer, GuestOutcome } from '../../answers/guest.js';
import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { formatSbdf } from '../../base/sbdf.js';
import type { Booted } from '../../toolstack/hvmloader/hvmloader.js';
import type { GuestFunction } from '../../toolstack/hvmloader/pci.js';
import {
  type E820Entry,
  type Fate,
  type GuestConfig,
  type GuestRegion,
  MIB,
} from '../../toolstack/libxl/layout.js';
import type { NoteCode } from '../../toolstack/notes.js';
import { iommuName } from '../../xen/rdm-map.js';
import { addressSpaceText, type RangeKind } from '../basics/address-space.js';
import { DeviceSets, explainUnresolved } from '../basics/device-sets.js';
import type { Format } from '../basics/format.js';
import { facts, IOMMU_STATES, type Page, remarks } from '../basics/page.js';
import type { Style } from '../basics/style.js';
import { renderTable } from '../basics/table.js';
import { formatSize, listSome, wrap } from '../basics/text.js';
import { foldRegions } from './fold.js';
import { typeName } from './json.js';
import { guestRanges } from './picture.js';
import {
  explainApproximate,
  explainNote,
  explainRegion,
  explainVerdict,
  guestAddress,
} from './words.js';

const FATES: Record<Fate, string> = {
  exposed: 'exposed',
  'ram-moved': 'RAM moved',
  hidden: 'hidden',
  refused: 'refused',
};
const PAINT: Partial<Record<RangeKind, keyof Style>> = {
  firmware: 'faint',
  mmio: 'faint',
  ram: 'good',
  reserved: 'warning',
  hidden: 'bad',
  refused: 'bad',
};
/** From this width on there is room for every device. */
const WIDE = 110;
/** Regions that one explanation names. */
const FEW_REGIONS = 6;

export const table: Format<GuestAnswer> = {
  separator: '\n',
  pieces: (answer, { page }) => [renderGuest(answer, page)],
};

/** A guest's layout as text for a terminal: the verdict, the picture, the E820 and the regions. */
function renderGuest(answer: GuestAnswer, page: Page): string {
  const { columns, style } = page;
  const { refusal } = answer;
  const regions = foldRegions(answer.layout.regions);
  const sets = new DeviceSets(regions.map(({ owners }) => owners));
  const unresolved = explainUnresolved(
    regions.flatMap(({ owners }) => owners.filter((name) => name.includes('/'))),
  );
  const unseen =
    refusal === null && missingFrom(answer.source) !== null
      ? ' A region that this evidence does not show may change that.'
      : '';
  const verdict = wrap(`${explainVerdict(answer)}${unseen}`, columns);
  const parts = [
    preamble(answer, page),
    misread(answer, page),
    refusal === null && answer.final?.result.boots !== false
      ? style.good(verdict)
      : style.bad(verdict),
    answer.type === 'hvm' ? picture(answer, sets, page) : '',
    ...mapTables(answer, page),
    regionsTable(regions, sets, page),
    sets.legend(page),
    explanations(regions, answer, page),
    remarks(
      [
        ...answer.sourceNotes.map((message) => ({ message })),
        ...answer.notes
          .filter(({ code }) => !MISREAD.has(code))
          .map((note) => explainNote(note, answer)),
        ...(unresolved === null ? [] : [{ message: unresolved }]),
        ...answer.diagnostics.filter(({ code }) => code !== 'scope-path-unresolved'),
      ],
      page,
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Notes that xl makes of the file something else than it says: they come before the verdict. */
const MISREAD: ReadonlySet<NoteCode> = new Set([
  'rdm-ignored-by-xl',
  'rdm-undefined',
  'pci-not-a-list',
]);

function misread(answer: GuestAnswer, { columns, style }: Page): string {
  return answer.notes
    .filter(({ code }) => MISREAD.has(code))
    .map((note) => style.warning(wrap(explainNote(note, answer).message, columns)))
    .join('\n\n');
}

function picture(answer: GuestAnswer, sets: DeviceSets, { columns, style }: Page): string {
  const drawn = addressSpaceText(guestRanges(answer, sets), columns, (kind, text) => {
    const paint = PAINT[kind];
    return paint === undefined ? text : style[paint](text);
  });
  return `${style.heading('guest-physical address space')}\n${drawn.trimEnd()}`;
}

function preamble({ source, type, config, xen, iommu, vtd }: GuestAnswer, page: Page): string {
  const driver = `${iommuName(xen)} ${IOMMU_STATES[vtd]}`;
  const lines: [string, string][] = [
    ['Guest', `type="${type}" ${describeGuest(config)}`],
    ['Devices', config.pci.map(({ device }) => formatSbdf(device)).join(', ') || 'none'],
    ['Source', source.path],
    ['Behaviour', `Xen ${xen.release.name}, IOMMU ${iommu}, ${driver}`],
  ];
  return facts(lines, page);
}

function describeGuest({ memory, mmioHole, hap, rdm, rdmMemBoundary }: GuestConfig): string {
  return [
    `memory=${memory / MIB}`,
    `mmio_hole=${mmioHole / MIB}`,
    `hap=${hap ? 1 : 0}`,
    `rdm="strategy=${rdm.strategy},policy=${rdm.policy ?? 'relaxed'}"`,
    `rdm_mem_boundary=${rdmMemBoundary / MIB}`,
  ].join(' ');
}

/** libxl's map, what hvmloader makes of it, and where BARs go. */
function mapTables({ layout, final }: GuestOutcome, page: Page): string[] {
  const asSet = e820Table("libxl's E820", layout.e820, page);
  if (final === null || !final.result.boots) return [asSet];
  const found = e820Table("the guest's E820, as its kernel finds it", final.result.e820, page);
  const approximate = explainApproximate(final);
  return [
    asSet,
    approximate === null ? found : `${found}\n${wrap(approximate, page.columns)}`,
    barsTable(final.result, final.functions, page),
  ];
}

function e820Table(heading: string, entries: readonly E820Entry[], { style }: Page): string {
  if (entries.length === 0) return '';
  const rows = entries.map(({ start, size, type }) => [
    size === 0n
      ? formatAddress(start)
      : `${formatAddress(start)}-${formatAddress(BigInt.asUintN(64, start + size - 1n))}`,
    formatSize(size),
    typeName(type),
  ]);
  const columns = [{ heading }, { heading: 'size', align: 'right' as const }, { heading: 'type' }];
  return renderTable(columns, rows, { heading: style.heading });
}

/** The BARs of memory; I/O ports are no matter of the map. */
function barsTable(
  { bars, pciMemStart, pciMemEnd }: Booted,
  functions: readonly GuestFunction[],
  { style }: Page,
): string {
  const hosts = new Map(functions.map(({ devfn, host }) => [devfn, host]));
  const rows = bars
    .filter(({ kind }) => kind !== 'io')
    .map(({ devfn, bar, size, address }) => {
      const host = hosts.get(devfn);
      return [
        guestAddress(devfn),
        host === undefined ? 'emulated' : formatSbdf(host),
        bar === 6 ? 'ROM' : `BAR ${bar}`,
        formatSize(size),
        address === null ? 'no space' : formatAddress(address),
      ];
    });
  const hole = `PCI hole ${formatAddress(pciMemStart)}-${formatAddress(pciMemEnd - 1n)}`;
  return `${style.heading(hole)}\n${renderTable(BAR_COLUMNS, rows, { heading: style.heading })}`;
}

const BAR_COLUMNS = [
  { heading: 'in the guest' },
  { heading: 'on the host' },
  { heading: 'BAR' },
  { heading: 'size', align: 'right' },
  { heading: 'address' },
] as const;

const REGION_COLUMNS = [
  { heading: 'start_pfn', align: 'right' },
  { heading: 'end_pfn', align: 'right' },
  { heading: 'nr_pages', align: 'right' },
  { heading: 'size', align: 'right' },
  { heading: 'policy' },
  { heading: 'fate' },
  { heading: 'devices' },
] as const;

function regionsTable(
  regions: readonly GuestRegion[],
  sets: DeviceSets,
  { columns, style }: Page,
): string {
  if (regions.length === 0) return '';
  const wide = columns >= WIDE;
  const rows = regions.map(({ start, size, policy, fate, owners }) => [
    hex(start / PAGE_SIZE),
    size === 0n ? '-' : hex(BigInt.asUintN(64, start + size - 1n) / PAGE_SIZE),
    String(size / PAGE_SIZE),
    formatSize(size),
    policy ?? '-',
    FATES[fate],
    sets.cell(owners, wide),
  ]);
  return renderTable(REGION_COLUMNS, rows, { heading: style.heading });
}

/** Why each region fared as it did; regions of one story are named together. */
function explanations(
  regions: readonly GuestRegion[],
  answer: GuestAnswer,
  { columns }: Page,
): string {
  const stories = new Map<string, string[]>();
  for (const region of regions) {
    const story = explainRegion(region, answer);
    const names = stories.get(story) ?? [];
    names.push(hex(region.start / PAGE_SIZE));
    stories.set(story, names);
  }
  return [...stories]
    .map(([story, names]) => {
      const text = `${listSome(names, FEW_REGIONS)}: ${story}`;
      return `- ${wrap(text, columns - 2, '  ')}`;
    })
    .join('\n');
}
