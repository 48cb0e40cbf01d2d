import { formatAddress } from '../../base/address.js';
import { formatSize } from './text.js';

/** What lies in a range of addresses; of overlapping ranges the kind further down is seen. */
export type RangeKind = 'unused' | 'firmware' | 'mmio' | 'ram' | 'reserved' | 'hidden' | 'refused';

/** What the kinds are called, and how text fills them, in the order in which they cover each other. */
export const KINDS: Record<RangeKind, { name: string; fill: string }> = {
  unused: { name: 'unused', fill: ' ' },
  firmware: { name: 'firmware', fill: '·' },
  mmio: { name: 'MMIO', fill: '░' },
  ram: { name: 'RAM', fill: '█' },
  reserved: { name: 'reserved region', fill: '▒' },
  hidden: { name: 'hidden region', fill: '╳' },
  refused: { name: 'region in conflict', fill: '!' },
};

/** A range of addresses and what to write beside it. */
export interface LabelledRange {
  /** First byte. */
  start: bigint;
  /** First byte after it. */
  end: bigint;
  kind: RangeKind;
  label: string;
}

/** An address space to be drawn. */
export interface Picture {
  /** What the picture shows. */
  readonly title: string;
  /** What the addresses are, such as "guest-physical address". */
  readonly axis: string;
  readonly ranges: readonly LabelledRange[];
}

/** A range as it is drawn. */
export interface Band extends LabelledRange {
  /** `exact`: as high as the scale says; `widened`: would be too thin to see; `cut`: would be too high. */
  scale: 'exact' | 'widened' | 'cut';
  /** Height in rows of the scale, for a picture that can only draw whole ones. */
  rows: number;
}

/** An address space from its lowest range to its highest, without a gap. */
export interface Drawing {
  /** Bytes to a row. */
  rowSize: bigint;
  bands: Band[];
}

/** Rows for which a scale is sought; ranges that are widened come on top. */
const ROWS = 24n;
/** The coarsest scale: what matters is below 4 GiB and is to stay visible beside a terabyte of RAM. */
const MAX_ROW_SIZE = 256n << 20n;
/** Rows beyond which a range is cut, and what is left of it then. */
const MAX_BAND_ROWS = 20n;
const CUT_ROWS = 3;
/** Ranges of one kind that are drawn each by itself. */
const MAX_RANGES = 16;

/**
 * Chooses a scale for an address space and the height of each range in it. What no range covers becomes a
 * band of kind `unused`. Of too many ranges of a kind those nearest to each other are drawn as one.
 */
export function drawAddressSpace(ranges: readonly LabelledRange[]): Drawing {
  const flat = flatten(thinOut(ranges.filter(({ start, end }) => start < end)));
  const fits = (rowSize: bigint) =>
    flat.reduce((rows, { start, end }) => rows + (end - start) / rowSize, 0n) <= ROWS;
  let rowSize = 4096n;
  while (rowSize < MAX_ROW_SIZE && !fits(rowSize)) rowSize *= 2n;
  return { rowSize, bands: flat.map((range) => toBand(range, rowSize)) };
}

function toBand(range: LabelledRange, rowSize: bigint): Band {
  const size = range.end - range.start;
  if (size < rowSize) return { ...range, scale: 'widened', rows: 1 };
  if (size > rowSize * MAX_BAND_ROWS) return { ...range, scale: 'cut', rows: CUT_ROWS };
  return { ...range, scale: 'exact', rows: Number((size + rowSize / 2n) / rowSize) };
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** A range that may stand for several: then `joined` tells all of it, of which others may cover parts. */
interface Joined extends LabelledRange {
  readonly joined?: { readonly start: bigint; readonly end: bigint };
}

/** At most {@link MAX_RANGES} of each kind, in the order in which kinds cover each other. */
function thinOut(ranges: readonly LabelledRange[]): Joined[] {
  return (Object.keys(KINDS) as RangeKind[]).flatMap((kind) => {
    const group = ranges.filter((range) => range.kind === kind);
    return group.length > MAX_RANGES ? joinNearest(group) : group;
  });
}

/** Joins ranges across the smallest gaps between them, all equal ones alike, until few enough are left. */
function joinNearest(ranges: LabelledRange[]): Joined[] {
  const sorted = ranges.toSorted((a, b) => ascending(a.start, b.start));
  const gaps = sorted.slice(1).map(({ start }, i) => start - (sorted[i] as LabelledRange).end);
  const widest = gaps.toSorted(ascending)[sorted.length - MAX_RANGES - 1] as bigint;
  const joined: (LabelledRange & { count: number })[] = [];
  for (const [i, range] of sorted.entries()) {
    const before = joined.at(-1);
    if (before !== undefined && (gaps[i - 1] as bigint) <= widest) {
      before.count += 1;
      before.end = range.end > before.end ? range.end : before.end;
    } else joined.push({ ...range, count: 1 });
  }
  return joined.map(({ count, ...range }) => {
    if (count === 1) return range;
    const { start, end, kind } = range;
    const label = `${count} × ${KINDS[kind].name}, drawn as one`;
    return { ...range, label, joined: { start, end } };
  });
}

/** Ranges, of which later ones cover earlier ones, as bands side by side. */
function flatten(ranges: readonly Joined[]): LabelledRange[] {
  const edges = [...new Set(ranges.flatMap(({ start, end }) => [start, end]))].sort(ascending);
  const bands: Joined[] = [];
  let last: LabelledRange | undefined;
  for (const [i, start] of edges.slice(0, -1).entries()) {
    const end = edges[i + 1] as bigint;
    const top = ranges.findLast((range) => range.start <= start && end <= range.end);
    const before = bands.at(-1);
    if (before !== undefined && top === last) before.end = end;
    else bands.push({ kind: 'unused', label: KINDS.unused.name, ...top, start, end });
    last = top;
  }
  return bands.map(({ joined, ...band }) => {
    const isPiece = joined !== undefined && (band.start > joined.start || band.end < joined.end);
    return isPiece ? { ...band, label: KINDS[band.kind].name } : band;
  });
}

/** The kinds that a picture's legend explains, in its order. */
export const kindsOf = ({ bands }: Drawing): RangeKind[] =>
  (Object.keys(KINDS) as RangeKind[]).filter(
    (kind) => kind !== 'unused' && bands.some((band) => band.kind === kind),
  );

const BAR_WIDTH = 12;

/**
 * An address space as lines of text, lowest address first: its address, a bar to scale, its size and its
 * label, cut to the width. A broken edge (┊) marks what is not to scale, and ≈ where a part is left out.
 *
 * @param columns width in columns, 80 at least
 * @param paint colours a piece of a bar
 */
export function addressSpaceText(
  ranges: readonly LabelledRange[],
  columns: number,
  paint: (kind: RangeKind, text: string) => string = (_kind, text) => text,
): string {
  const drawing = drawAddressSpace(ranges);
  const { rowSize, bands } = drawing;
  const lines = bands.flatMap((band) => bandLines(band, columns, paint));
  const end = bands.at(-1)?.end ?? 0n;
  const legend = kindsOf(drawing).map(
    (kind) => `${paint(kind, KINDS[kind].fill.repeat(2))} ${KINDS[kind].name}`,
  );
  const notes = [`one row is ${formatSize(rowSize)}`];
  if (bands.some(({ scale }) => scale !== 'exact')) notes.push('┊ not to scale');
  if (bands.some(({ scale }) => scale === 'cut')) notes.push('≈ a part left out');
  return `${[...lines, formatAddress(end), '', legend.join('   '), notes.join('   ')].join('\n')}\n`;
}

function bandLines(
  band: Band,
  columns: number,
  paint: (kind: RangeKind, text: string) => string,
): string[] {
  const { kind, rows, scale } = band;
  const edge = scale === 'exact' ? '│' : '┊';
  const bar = (fill: string) => `${edge}${paint(kind, fill.repeat(BAR_WIDTH))}${edge}`;
  const head = `${formatAddress(band.start)} `;
  const size = formatSize(band.end - band.start).padStart(10);
  const room = columns - head.length - (BAR_WIDTH + 2) - size.length - 3;
  const label = band.label.length > room ? `${band.label.slice(0, room - 1)}…` : band.label;
  return Array.from({ length: rows }, (_, row) => {
    const fill = scale === 'cut' && row === 1 ? '≈' : KINDS[kind].fill;
    return row === 0
      ? `${head}${bar(fill)} ${size}  ${label}`
      : `${' '.repeat(head.length)}${bar(fill)}`;
  });
}
