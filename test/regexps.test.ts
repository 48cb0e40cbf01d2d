import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from 'recheck';
import { parseAst } from 'rolldown/parseAst';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

interface Found {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

/** Literals of a module. */
function literals(file: string): Found[] {
  const found: Found[] = [];
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    if ('regex' in node) {
      const { pattern, flags } = node.regex as { pattern: string; flags: string };
      found.push({ file, source: pattern, flags });
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(readFileSync(join(SRC, file), 'utf8'), { lang: 'ts' }));
  return found;
}

/** What a module puts together when it is loaded. */
async function constructed(file: string): Promise<Found[]> {
  const found: Found[] = [];
  const original = globalThis.RegExp;
  globalThis.RegExp = new Proxy(original, {
    construct(target, args) {
      const made: RegExp = Reflect.construct(target, args);
      found.push({ file, source: made.source, flags: made.flags });
      return made;
    },
  });
  try {
    await import(join(SRC, file));
  } finally {
    globalThis.RegExp = original;
  }
  return found;
}

const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' });
// What is not in a room starts a program when it is loaded.
const files = paths.filter((path) => path.endsWith('.ts') && path.includes('/')).sort();

const all: Found[] = [];
for (const file of files) {
  all.push(...literals(file));
  // The page's own modules are loaded by a browser alone.
  if (!file.startsWith('web/')) all.push(...(await constructed(file)));
}
const distinct = [...new Map(all.map((each) => [`${each.source} ${each.flags}`, each])).values()];

/**
 * Where every repetition has an end, time is bounded for each character, however many there are; the search
 * takes the steps up to that end for growth.
 */
const BOUNDED: readonly string[] = ['render/basics/redact.ts'];
const UNBOUNDED = /[*+]|\{\d+,\}/;

/**
 * Whether the time that a regular expression takes grows faster than its text, on the worst text for it:
 * recheck decides it by automata, and where there is lookahead, by searching for such a text.
 */
describe(`${distinct.length} regular expressions`, () => {
  it.concurrent.each(distinct)('$file: /$source/$flags takes linear time', async (each) => {
    const found = await check(each.source, each.flags, { timeout: 60_000 });
    const worst = found.status === 'vulnerable' ? found.attack.pattern : '';
    if (found.status !== 'safe' && BOUNDED.includes(each.file)) {
      // What is in brackets or escaped is no repetition.
      const repetitions = each.source.replace(/\\.|\[[^\]]*\]/g, '');
      expect(repetitions).not.toMatch(UNBOUNDED);
    } else expect(found.status, worst).toBe('safe');
  });
});
