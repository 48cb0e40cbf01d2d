/** A value of an xl configuration file: strings and numbers alike as text. */
export type XlValue = string | XlValue[];

/** Where a setting stands; lines count from 1. */
export interface XlPlace {
  /** Line of its name; of a setting that `+=` adds to, the last one's. */
  line: number;
  /** Line of each entry of its list; none where it is no list. */
  entries: number[];
}

/** The settings of an xl configuration file. */
export interface XlCfg {
  /** By name; of settings of one name the last counts, `+=` adds to the one before. */
  settings: Map<string, XlValue>;
  /** Where each setting of {@link settings} stands. */
  places: Map<string, XlPlace>;
  /** Statements that could not be read, which are skipped; lines count from 1. */
  problems: { line: number; name: string | null }[];
}

/**
 * Reads an xl configuration file (xl.cfg(5), "SYNTAX"; Xen's tools/libs/util/libxlu_cfg_y.y): statements
 * end with their line or a semicolon, `name = value`, a value being a quoted string, a number or a list
 * in brackets that may span lines. What cannot be read is skipped to the end of its line.
 */
export function parseXlCfg(text: string): XlCfg {
  const parser = new Parser(text);
  parser.file();
  return { settings: parser.settings, places: parser.places, problems: parser.problems };
}

interface Token {
  kind: 'newline' | 'name' | 'atom' | 'mark' | 'other' | 'end';
  text: string;
}

// A quote that is never closed takes the rest of its line along, so that no byte is looked at twice.
const TOKEN =
  /(?<blank>[ \t\r]+|#[^\n]*)|(?<newline>\n)|(?<name>[A-Za-z_]\w*)|(?<number>[+-]?\d\w*)|'(?<single>(?:[^'\\\n]|\\.)*)'|"(?<double>(?:[^"\\\n]|\\.)*)"|(?<mark>\+=|[=,;[\]])|(?<other>['"][^\n]*|[^\n])/gy;

function* tokens(text: string): Generator<Token, never> {
  for (const { groups = {} } of text.matchAll(TOKEN)) {
    const { newline, name, number, single, double, mark, other } = groups;
    const atom = number ?? single ?? double;
    if (newline !== undefined) yield { kind: 'newline', text: newline };
    else if (name !== undefined) yield { kind: 'name', text: name };
    else if (atom !== undefined) yield { kind: 'atom', text: unquote(atom) };
    else if (mark !== undefined) yield { kind: 'mark', text: mark };
    else if (other !== undefined) yield { kind: 'other', text: other };
  }
  while (true) yield { kind: 'end', text: '' };
}

/** Quotes and backslashes lose their backslash; no setting read here needs the other escapes. */
const unquote = (text: string): string => text.replace(/\\(["'\\])/g, '$1');

/** Lists within lists beyond this are no xl configuration. */
const MAX_DEPTH = 8;

/** What a statement that cannot be read throws inside {@link Parser}. */
class Unreadable extends Error {}

class Parser {
  readonly settings = new Map<string, XlValue>();
  readonly places = new Map<string, XlPlace>();
  readonly problems: XlCfg['problems'] = [];
  /** Lines of the entries of the list that is read. */
  #entries: number[] = [];
  readonly #source: Generator<Token, never>;
  #token: Token;
  #line = 1;

  constructor(text: string) {
    this.#source = tokens(text);
    this.#token = this.#source.next().value;
  }

  file(): void {
    while (this.#token.kind !== 'end') {
      if (this.#atEnd()) this.#advance();
      else this.#statement();
    }
  }

  #statement(): void {
    const line = this.#line;
    const name = this.#token.kind === 'name' ? this.#token.text : null;
    try {
      if (name === null) throw new Unreadable();
      this.#assignment(name);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.problems.push({ line, name });
      while (this.#token.kind !== 'newline' && this.#token.kind !== 'end') this.#advance();
    }
  }

  #assignment(name: string): void {
    const line = this.#line;
    this.#entries = [];
    this.#advance();
    const adds = this.#is('+=');
    if (!adds && !this.#is('=')) throw new Unreadable();
    this.#advance();
    const value = this.#value(0);
    if (!this.#atEnd()) throw new Unreadable();
    this.settings.set(name, adds ? concatenate(this.settings.get(name), value) : value);
    const before = adds ? (this.places.get(name)?.entries ?? []) : [];
    this.places.set(name, { line, entries: [...before, ...this.#entries] });
  }

  #value(depth: number): XlValue {
    if (this.#is('[')) return this.#list(depth + 1);
    if (this.#token.kind !== 'atom') throw new Unreadable();
    const { text } = this.#token;
    this.#advance();
    return text;
  }

  #list(depth: number): XlValue[] {
    if (depth > MAX_DEPTH) throw new Unreadable();
    const items: XlValue[] = [];
    do {
      this.#advance();
      this.#skipNewlines();
      if (this.#is(']')) break;
      if (depth === 1) this.#entries.push(this.#line);
      items.push(this.#value(depth));
      this.#skipNewlines();
    } while (this.#is(','));
    if (!this.#is(']')) throw new Unreadable();
    this.#advance();
    return items;
  }

  #advance(): void {
    if (this.#token.kind === 'newline') this.#line += 1;
    this.#token = this.#source.next().value;
  }

  #skipNewlines(): void {
    while (this.#token.kind === 'newline') this.#advance();
  }

  #is(mark: string): boolean {
    return this.#token.kind === 'mark' && this.#token.text === mark;
  }

  #atEnd(): boolean {
    return this.#token.kind === 'newline' || this.#token.kind === 'end' || this.#is(';');
  }
}

function concatenate(before: XlValue | undefined, now: XlValue): XlValue {
  if (before === undefined) return now;
  if (typeof before === 'string' && typeof now === 'string') return before + now;
  if (Array.isArray(before) && Array.isArray(now)) return [...before, ...now];
  throw new Unreadable();
}
