/** Longest piece of a line that is looked at as a whole; kernels print some 1000 characters at most. */
const LONGEST = 4096;

/** A text as lines, with what a mail or a web page did to it undone where that can be. */
export interface Text {
  /** Without the ends of lines; a line that a mailer broke with `=` is one again. */
  readonly lines: readonly string[];
  /** The number, from 1, of the line of the original that a line began at. */
  readonly numbers: readonly number[];
}

/** The byte order mark of UTF-16 text, as Windows programs write it. */
export const isUtf16 = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xfe;

/** The text that bytes are: UTF-16 behind its mark, UTF-8 where they are that, else a character a byte. */
export function decodeText(bytes: Uint8Array): string {
  if (isUtf16(bytes)) return new TextDecoder('utf-16le').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

/** A line of a dump: an offset, then bytes. Its column of characters may end in anything. */
const DUMPED = /^[\s>]{0,80}(?:0x)?[0-9a-fA-F]{4,16}:? {0,8}[0-9a-fA-F]{2}/;

/** Joins lines that quoted-printable broke with `=` (RFC 2045, 6.7); marks of quoting before the rest go. */
function joinBroken(text: string): Text {
  const lines: string[] = [];
  const numbers: number[] = [];
  let pieces: string[] = [];
  let first = 1;
  const raw = text.split(/\r\n|\n|\r/);
  for (const [i, line] of raw.entries()) {
    // Of blank lines one is as good as many, and some texts have millions.
    if (line === '' && pieces.length === 0 && lines.at(-1) === '') continue;
    if (pieces.length === 0) first = i + 1;
    const piece =
      pieces.length === 0 ? line : line.replace(/^[ \t]{0,8}(?:>[ >]{0,80})?/, quoteOnly);
    const next = raw[i + 1];
    if (piece.endsWith('=') && next !== undefined && !(DUMPED.test(line) && DUMPED.test(next))) {
      pieces.push(piece.slice(0, -1));
      continue;
    }
    pieces.push(piece);
    const whole = pieces.join('');
    pieces = [];
    for (let at = 0; at === 0 || at < whole.length; at += LONGEST) {
      lines.push(whole.slice(at, at + LONGEST));
      numbers.push(first);
    }
  }
  return { lines, numbers };
}

/** A mark of quoting at the start of a line goes, blanks alone stay. */
const quoteOnly = (start: string): string => (start.includes('>') ? '' : start);

/** Octets in quoted-printable that a log or a listing may be made of; any other would need the whole mail to be known as such. */
const QUOTED: readonly (readonly [RegExp, string])[] = [
  [/=C2=A0/g, ' '],
  [/=E2=80=9[CD]/g, '"'],
  [/=E2=80=9[89]/g, "'"],
  [/=(?:20|09)/g, ' '],
  [/=3D/g, '='],
];

/** Whether a text is quoted-printable: it writes what it must not write plainly, or ends lines with a blank so. */
const isQuotedPrintable = (text: string): boolean => /=3D|=C2=A0|=20[ \t]*(?:\r|\n|$)/.test(text);

/** What web pages write for characters that mean something to them (HTML, "Named character references"). */
const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  nbsp: ' ',
  ldquo: '"',
  rdquo: '"',
  lsquo: "'",
  rsquo: "'",
  ndash: '-',
  mdash: '-',
  amp: '&',
};

function entity(whole: string, name: string): string {
  if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
  const code = /^#[xX]/.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}

/** What word processors, web pages and mailers put in place of plain characters; and what terminals are told by. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  // UTF-8 that was read as Windows' own code.
  [/â€[œ\u009d\u009c]/g, '"'],
  [/â€[˜™]/g, "'"],
  [/Â\u00a0/g, ' '],
  [/[\u201c\u201d\u201e\u201f\u2033]/g, '"'],
  [/[\u2018\u2019\u201a\u2032]/g, "'"],
  [/[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g, ' '],
  [/[\u2010-\u2015\u2212]/g, '-'],
  [/[\u00ad\u200b-\u200f\u2060\ufeff]/g, ''],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what begins a colour
  [/\u001b\[[0-9;]{0,20}[A-Za-z]/g, ''],
];

const replaceAll = (text: string, table: readonly (readonly [RegExp, string])[]): string =>
  table.reduce((mended, [pattern, plain]) => mended.replace(pattern, plain), text);

/** Undoes what mailers, web pages and terminals did to a text, and takes it apart into lines. */
export function mend(text: string): Text {
  let mended = text;
  // Nearly all texts are plain; most of these marks are then not looked for.
  if (isQuotedPrintable(mended)) mended = replaceAll(mended, QUOTED);
  if (mended.includes('&')) mended = mended.replace(/&(#?[a-zA-Z0-9]{1,8});/g, entity);
  if (/<br|<\/?(?:pre|code|span|div|p)\b/i.test(mended)) {
    mended = mended.replace(/<\/?(?:br|pre|code|span|div|p)\b[^<>\n]{0,200}>/gi, '');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is plain is what is not looked at
  if (/[^\u0000-\u001a\u001c-\u007f]/.test(mended)) mended = replaceAll(mended, PLAIN);
  return joinBroken(mended);
}
