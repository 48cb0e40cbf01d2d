/**
 * One thing that a program prints, as data. A speaker's table of them is searched word by word, so its length
 * hardly matters, and each form is matched within one line and the next, so that time grows with the text.
 */
export interface LogLine {
  /** What the line means, for programs; stable. Several rows may share one. */
  readonly code: string;
  /** Releases that print it, as a person would say it: `4.2–5.0`. */
  readonly releases: string;
  /** What it means, one sentence. */
  readonly meaning: string;
  /**
   * The line as it is printed, without what a log puts before it. `<name:kind>` is a value, a blank any blanks, for
   * a mail may have broken the line there; kinds are those of {@link KINDS}.
   */
  readonly forms: readonly string[];
}

/** A row of a speaker's table; see {@link LogLine} for what each is. */
export const row = (
  code: string,
  releases: string,
  meaning: string,
  ...forms: string[]
): LogLine => ({
  code,
  releases,
  meaning,
  forms,
});

/** Patterns of values by their kind; each is bounded, and none begins or ends in the middle of a number. */
const KINDS = {
  /** Hex digits. */
  h: '[0-9a-fA-F]{1,16}(?![0-9a-fA-F])',
  /** Hex digits, perhaps behind 0x. */
  x: '(?:0x)?[0-9a-fA-F]{1,16}(?![0-9a-fA-F])',
  /** Decimal digits. */
  n: '[0-9]{1,10}(?![0-9])',
  /** A PCI address, with or without its segment, perhaps with 0x before its numbers. */
  bdf: '(?:(?:0x)?[0-9a-fA-F]{1,8}:)?(?:0x)?[0-9a-fA-F]{1,2}:(?:0x)?[0-9a-fA-F]{1,2}\\.[0-7](?![0-9a-fA-F])',
  /** What a range of memory is. */
  memory: 'usable|reserved|ACPI data|ACPI NVS|unusable|type [0-9]{1,10}',
  /** A word. */
  w: '[^\\s<>\\]]{1,100}',
  /** Any text that ends where the form goes on. */
  s: '[^\\n]{0,200}?',
  /** The rest of the line. */
  rest: '[^\\n]{0,2000}',
} as const;

/** A form made ready to be searched for. */
export interface Form {
  readonly line: LogLine;
  /** Words of which a line must have one, apart from letters and digits on both sides, for the form to be tried. */
  readonly words: readonly string[];
  readonly pattern: RegExp;
}

const VALUE = /<([a-zA-Z]+):([a-z]+)>/g;

/** Makes the forms of a table's row ready. */
export const formsOf = (line: LogLine): Form[] =>
  line.forms.map((form) => ({ line, words: wordsOf(form), pattern: patternOf(form) }));

function patternOf(form: string): RegExp {
  const parts = form.split(VALUE);
  let pattern = '';
  for (let i = 0; i < parts.length; i += 3) {
    pattern += literal(parts[i] as string);
    const [, name, kind] = parts.slice(i, i + 3);
    if (name !== undefined) pattern += `(?<${name}>${KINDS[kind as keyof typeof KINDS]})`;
  }
  return new RegExp(pattern);
}

const literal = (text: string): string =>
  text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/ +/g, '[\\s>]{1,16}');

/** Words that a range of memory begins with. */
const MEMORY_WORDS = ['usable', 'reserved', 'ACPI', 'unusable', 'type'];

/** The longest word of a form that no value touches. */
function wordsOf(form: string): readonly string[] {
  if (form.includes(':memory>')) return MEMORY_WORDS;
  const words = form.replace(VALUE, '\0').split(/[^A-Za-z0-9_\0]/);
  const free = words.filter((word) => word !== '' && !word.includes('\0'));
  const [longest] = free.sort((a, b) => b.length - a.length);
  if (longest === undefined) throw new TypeError(`No word to look for in the form ${form}`);
  return [longest];
}

/** What lines mean that several speakers have, each in words of its own. */
export const MEANING = {
  unit: 'A remapping unit of the table.',
  region: 'A reserved memory region of the table.',
  dump: 'The dump of the table begins; this is its address width.',
  fault: 'The IOMMU blocked a DMA request of a device.',
  faultReason: 'Why the request before was blocked.',
} as const;
