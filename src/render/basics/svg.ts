import { formatAddress } from '../../base/address.js';
import { oneLine } from '../../base/printable.js';
import {
  type Band,
  type Drawing,
  drawAddressSpace,
  KINDS,
  kindsOf,
  type Picture,
  type RangeKind,
} from './address-space.js';
import { formatSize } from './text.js';

/** Lengths in pixels. */
const MARGIN = 24;
const ROW = 24;
const CUT = 3 * ROW;
const BAR = 150;
const GAP = 12;
/** Width of a character of the monospaced font, as wide as viewers make it. */
const CHAR = 8;
const ADDRESS = 18 * CHAR;
const SIZE = 10 * CHAR;
/** Characters of a label that are written beside its band; all of it is in the band's tooltip. */
const LABEL = 72;

/** Characters of the title that are written out, and the width of one. */
const TITLE = 100;
const TITLE_CHAR = 10;

/** Colours on light and on dark ground; reserved regions are hatched too, for those who see no colours. */
const COLOURS: Record<RangeKind, [light: string, dark: string]> = {
  unused: ['#ffffff', '#161b22'],
  firmware: ['#d0d7de', '#484f58'],
  mmio: ['#b6d7ff', '#1f4a7d'],
  ram: ['#a6dfae', '#24693a'],
  reserved: ['#f5b461', '#b8711b'],
  hidden: ['#d8b9f5', '#6e4a99'],
  refused: ['#f58c8c', '#b33a3a'],
};
const HATCHED: readonly RangeKind[] = ['reserved', 'hidden', 'refused'];

const style = (theme: 0 | 1): string => {
  const [ink, paper, faint] =
    theme === 0 ? ['#1f2328', '#fff', '#59636e'] : ['#e6edf3', '#0d1117', '#9198a1'];
  return [
    `.paper{fill:${paper}}text{fill:${ink}}.faint{fill:${faint}}`,
    `.edge,.tick{stroke:${ink};fill:none}.hatch{stroke:${ink};stroke-opacity:.35;stroke-width:2}`,
    `.gap{fill:${paper};stroke:${ink}}`,
    ...Object.entries(COLOURS).map(([kind, colours]) => `.${kind}{fill:${colours[theme]}}`),
  ].join('');
};

/** Text inside an element or attribute. */
const escapeXml = (text: string): string =>
  oneLine(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x}" y="${round(y)}"${more}>${escapeXml(content)}</text>`;

const shorten = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

const round = (pixels: number): number => Math.round(pixels * 10) / 10;

function heightOf({ start, end, scale }: Band, rowSize: bigint): number {
  if (scale === 'cut') return CUT;
  return scale === 'widened' ? ROW : (Number(end - start) / Number(rowSize)) * ROW;
}

/**
 * A picture of an address space as a stand-alone SVG document, lowest address on top: a bar to scale with
 * addresses left of it, sizes and labels right. Ranges too thin to see are widened, ranges too high are
 * cut; both are marked, and the legend says so. Readable on light and dark ground.
 */
export function addressSpaceSvg({ title, axis, ranges }: Picture): string {
  const drawing = drawAddressSpace(ranges);
  const top = MARGIN + 64;
  let y = top;
  const parts = drawing.bands.map((band) => {
    const height = heightOf(band, drawing.rowSize);
    y += height;
    return bandSvg(band, y - height, height);
  });
  const barX = MARGIN + ADDRESS + GAP;
  const end = drawing.bands.at(-1)?.end ?? 0n;
  const legend = legendSvg(drawing, y + 40);
  const longest = Math.max(...drawing.bands.map(({ label }) => shorten(label, LABEL).length), 24);
  const heading = shorten(title, TITLE);
  const width = Math.max(
    barX + BAR + GAP + SIZE + GAP + longest * CHAR + MARGIN,
    heading.length * TITLE_CHAR + 2 * MARGIN,
    640,
  );
  const height = Math.ceil(legend.bottom + MARGIN);

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="13">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style(0)}@media (prefers-color-scheme:dark){${style(1)}}</style>`,
    '<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V8"/></pattern></defs>',
    `<rect class="paper" width="${width}" height="${height}"/>`,
    text(MARGIN, MARGIN + 14, heading, ' font-size="16" font-weight="bold"'),
    text(MARGIN, top - 16, axis, ' class="faint"'),
    text(barX + BAR + GAP + SIZE, top - 16, 'size', ' class="faint" text-anchor="end"'),
    ...parts,
    tick(y, end),
    ...legend.parts,
    '</svg>\n',
  ].join('\n');
}

const tick = (y: number, address: bigint): string => {
  const x = MARGIN + ADDRESS;
  return `${text(x, y + 4, formatAddress(address), ' text-anchor="end"')}<path class="tick" d="M${x + 4} ${round(y)}H${x + GAP}"/>`;
};

function bandSvg(band: Band, y: number, height: number): string {
  const x = MARGIN + ADDRESS + GAP;
  const box = `x="${x}" y="${round(y)}" width="${BAR}" height="${round(height)}"`;
  const dashes = band.scale === 'exact' ? '' : ' stroke-dasharray="3 3"';
  const middle = y + height / 2;
  return [
    `<g><title>${escapeXml(`${formatAddress(band.start)} to ${formatAddress(band.end - 1n)}: ${band.label}`)}</title>`,
    `<rect class="${band.kind}" ${box}/>`,
    HATCHED.includes(band.kind) ? `<rect fill="url(#hatch)" ${box}/>` : '',
    `<rect class="edge" ${box}${dashes}/>`,
    band.scale === 'cut' ? cutSvg(x, middle) : '',
    tick(y, band.start),
    text(x + BAR + GAP + SIZE, middle + 4, formatSize(band.end - band.start), ' text-anchor="end"'),
    text(
      x + BAR + 2 * GAP + SIZE,
      middle + 4,
      shorten(band.label, LABEL),
      band.kind === 'unused' ? ' class="faint"' : '',
    ),
    '</g>',
  ].join('');
}

/** A zigzag across the bar, where a part of a range is left out. */
function cutSvg(x: number, y: number): string {
  const teeth = (dx: number, up: number) => `l${dx} ${-up}l${dx} ${up}`;
  const step = BAR / 12;
  return `<path class="gap" d="M${x} ${round(y - 4)}${teeth(step, 6).repeat(6)}v8${teeth(-step, 6).repeat(6)}z"/>`;
}

function legendSvg(drawing: Drawing, top: number): { parts: string[]; bottom: number } {
  const parts: string[] = [];
  let y = top;
  for (const kind of kindsOf(drawing)) {
    const box = `x="${MARGIN}" y="${round(y - 11)}" width="24" height="14"`;
    parts.push(`<rect class="${kind}" ${box}/>`);
    if (HATCHED.includes(kind)) parts.push(`<rect fill="url(#hatch)" ${box}/>`);
    parts.push(`<rect class="edge" ${box}/>`, text(MARGIN + 34, y, KINDS[kind].name));
    y += 22;
  }
  const scales = new Set(drawing.bands.map(({ scale }) => scale));
  const notes = [`Solid edges: to scale, ${ROW} pixels are ${formatSize(drawing.rowSize)}.`];
  if (scales.has('widened')) notes.push('Dashed edges: drawn thicker than the scale says.');
  if (scales.has('cut')) notes.push('Zigzag: a part is left out.');
  y += 8;
  for (const note of notes) {
    parts.push(text(MARGIN, y, note, ' class="faint"'));
    y += 20;
  }
  return { parts, bottom: y - 12 };
}
