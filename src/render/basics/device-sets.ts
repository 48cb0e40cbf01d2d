import type { Page } from './page.js';
import { listSome, plural, shortName, wrap } from './text.js';

/** Devices that are listed where they stand; more get a letter. */
const FEW_DEVICES = 5;
/** Devices that the legend names of a list. */
const MANY_DEVICES = 64;
/** Devices of a list that is used more than once and is still short. */
const SHORT_LIST = 2;

/**
 * Lists of devices, of which a server's regions name the same ones over and over: a list that is long, or
 * that comes again and is not short, gets a letter, and a legend names its devices once.
 */
export class DeviceSets {
  readonly #letters = new Map<string, string>();
  readonly #legend: { letter: string; names: readonly string[] }[] = [];

  /** @param lists every list of names that the text has, in the order in which they are met */
  constructor(lists: readonly (readonly string[])[]) {
    const uses = new Map<string, number>();
    for (const names of lists) uses.set(keyOf(names), (uses.get(keyOf(names)) ?? 0) + 1);
    for (const names of lists) {
      const key = keyOf(names);
      const isLong = names.length > FEW_DEVICES;
      const comesAgain = names.length > SHORT_LIST && (uses.get(key) ?? 0) > 1;
      if (this.#letters.has(key) || !(isLong || comesAgain)) continue;
      const letter = letterOf(this.#legend.length);
      this.#letters.set(key, letter);
      this.#legend.push({ letter, names });
    }
  }

  /** Null for a list without a letter. */
  letter(names: readonly string[]): string | null {
    return this.#letters.get(keyOf(names)) ?? null;
  }

  /** `A, 11 devices`; null for a list without a letter. */
  name(names: readonly string[]): string | null {
    const letter = this.letter(names);
    return letter === null ? null : `${letter}, ${plural(names.length, 'device')}`;
  }

  /** The devices below each other, or their letter. */
  cell(names: readonly string[], wide: boolean): string {
    return this.name(names) ?? names.map((name) => (wide ? name : shortName(name))).join('\n');
  }

  /** What each letter stands for; '' where there is none. */
  legend({ columns, style }: Page): string {
    if (this.#legend.length === 0) return '';
    const lines = this.#legend.map(
      ({ letter, names }) =>
        `- ${wrap(`${letter}: ${listSome(names.map(shortName), MANY_DEVICES)}`, columns - 2, '  ')}`,
    );
    return [style.heading('Devices:'), ...lines].join('\n');
  }
}

const keyOf = (names: readonly string[]): string => names.join(' ');

/** A to Z, then AA and so on. */
const letterOf = (index: number): string =>
  index < 26
    ? String.fromCharCode(65 + index)
    : letterOf(Math.floor(index / 26) - 1) + letterOf(index % 26);

/** Says once, of all regions, what depends on how the machine numbered its buses; null where nothing does. */
export function explainUnresolved(paths: readonly string[]): string | null {
  if (paths.length === 0) return null;
  return `The bus numbers behind ${listSome([...new Set(paths)], 2)} depend on the machine. Devices are shown by path and assumed present; use --root to resolve them.`;
}
