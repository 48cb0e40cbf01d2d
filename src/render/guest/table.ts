import type { GuestAnswer } from '../../answers/guest.js';
import { formatAddress, PAGE_SIZE } from '../../base/address.js';
import { hex } from '../../base/hex.js';
import { formatSbdf } from '../../base/sbdf.js';
import { type Fate, type GuestConfig, MIB } from '../../toolstack/libxl/layout.js';
import { addressSpaceText, type RangeKind } from '../basics/address-space.js';
import type { Format } from '../basics/format.js';
import { facts, type Page, remarks } from '../basics/page.js';
import type { Style } from '../basics/style.js';
import { renderTable } from '../basics/table.js';
import { formatSize, listDevices, listSome, wrap } from '../basics/text.js';
import { typeName } from './json.js';
import { guestRanges } from './picture.js';
import { explainNote, explainRegion, explainVerdict } from './words.js';

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
  const { layout, refusal } = answer;
  const verdict = wrap(explainVerdict(answer), columns);
  const parts = [
    preamble(answer, page),
    refusal === null ? style.good(verdict) : style.bad(verdict),
    `${style.heading('guest-physical address space')}\n${addressSpaceText(
      guestRanges(layout),
      columns,
      (kind, text) => {
        const paint = PAINT[kind];
        return paint === undefined ? text : style[paint](text);
      },
    ).trimEnd()}`,
    e820Table(answer, page),
    regionsTable(answer, page),
    explanations(answer, page),
    remarks(
      [
        ...answer.sourceNotes.map((message) => ({ message })),
        ...answer.notes.map((note) => explainNote(note, answer)),
        ...answer.diagnostics,
      ],
      page,
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function preamble({ source, config, xen, iommu }: GuestAnswer, page: Page): string {
  const vtd = xen.iommu_enabled ? 'VT-d on' : 'VT-d off';
  const lines: [string, string][] = [
    ['Guest', describeGuest(config)],
    ['Devices', config.pci.map(({ device }) => formatSbdf(device)).join(', ') || 'none'],
    ['Source', source.path],
    ['Behaviour', `Xen ${xen.release.name}, IOMMU ${iommu}, ${vtd}`],
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

function e820Table({ layout }: GuestAnswer, { style }: Page): string {
  if (layout.e820.length === 0) return '';
  const rows = layout.e820.map(({ start, size, type }) => [
    `${formatAddress(start)}-${formatAddress(BigInt.asUintN(64, start + size - 1n))}`,
    formatSize(size),
    typeName(type),
  ]);
  const columns = [
    { heading: "the guest's E820" },
    { heading: 'size', align: 'right' as const },
    { heading: 'type' },
  ];
  return renderTable(columns, rows, { heading: style.heading });
}

const REGION_COLUMNS = [
  { heading: 'start_pfn', align: 'right' },
  { heading: 'end_pfn', align: 'right' },
  { heading: 'nr_pages', align: 'right' },
  { heading: 'size', align: 'right' },
  { heading: 'policy' },
  { heading: 'fate' },
  { heading: 'devices' },
] as const;

function regionsTable({ layout }: GuestAnswer, { columns, style }: Page): string {
  if (layout.regions.length === 0) return '';
  const wide = columns >= WIDE;
  const rows = layout.regions.map(({ start, size, policy, fate, owners }) => [
    hex(start / PAGE_SIZE),
    size === 0n ? '-' : hex(BigInt.asUintN(64, start + size - 1n) / PAGE_SIZE),
    String(size / PAGE_SIZE),
    formatSize(size),
    policy ?? '-',
    FATES[fate],
    listDevices(owners, wide),
  ]);
  return renderTable(REGION_COLUMNS, rows, { heading: style.heading });
}

/** Why each region fared as it did; regions of one story are named together. */
function explanations(answer: GuestAnswer, { columns }: Page): string {
  const stories = new Map<string, string[]>();
  for (const region of answer.layout.regions) {
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
