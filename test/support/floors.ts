import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Rooms of src, lowest first: each imports from itself and from floors below it. */
const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['acpi'],
  ['machine'],
  ['evidence'],
  ['regions'],
  ['linux'],
  ['toolstack'],
  ['xen'],
  ['check', 'diff'],
  ['answers'],
  ['read'],
  ['write'],
  ['render'],
  ['commands'],
];

/** Rooms that touch files and the process. All others are pure, and import pure rooms alone. */
export const IMPURE: readonly string[] = ['read', 'write', 'commands'];

/** Entry points stand above all floors: the files of src itself, and the page. */
const isEntry = (file: string): boolean => !file.includes('/') || file.startsWith('web/');

const roomOf = (file: string): string => file.slice(0, file.indexOf('/'));

const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room));

/** Modules by path below src, each with its text. */
export type Modules = ReadonlyMap<string, string>;

export function readModules(src: string): Modules {
  const paths = readdirSync(src, { recursive: true, encoding: 'utf8' });
  const modules = paths.filter((path) => path.endsWith('.ts')).sort();
  return new Map(modules.map((path) => [path, readFileSync(join(src, path), 'utf8')]));
}

/** `export … from`, `import …`: of types as well. */
const AT_ONCE = /\b(?:from|import)\s*'(\.[^']*)'/g;
/** `import(…)`, which loads when it is called. */
const LATER = /\bimport\s*\(\s*'(\.[^']*)'/g;

/** Paths below src that a module imports in one of these ways. */
const importsOf = (file: string, text: string, way: RegExp): string[] =>
  Array.from(text.matchAll(way), ([, path = '']) =>
    posix.join(posix.dirname(file), path).replace(/\.js$/, '.ts'),
  );

/** What is wrong with one import; undefined where nothing is. */
function wrong(from: string, to: string): string | undefined {
  if (isEntry(from)) return undefined;
  if (isEntry(to)) return 'an entry point';
  if (roomOf(from) === roomOf(to)) return undefined;
  const [here, there] = [floorOf(roomOf(from)), floorOf(roomOf(to))];
  if (here < 0 || there < 0) return 'a room without a floor';
  if (there > here) return 'above it';
  if (there === here) return 'beside it';
  return IMPURE.includes(roomOf(to)) && !IMPURE.includes(roomOf(from)) ? 'not pure' : undefined;
}

/** Every import that breaks the order, as `xen/boot.ts -> check/check.ts (above it)`. */
export const climbs = (modules: Modules): string[] =>
  [...modules].flatMap(([file, text]) =>
    [AT_ONCE, LATER]
      .flatMap((way) => importsOf(file, text, way))
      .flatMap((to) => {
        const reason = wrong(file, to);
        return reason === undefined ? [] : [`${file} -> ${to} (${reason})`];
      }),
  );

/**
 * Every circle of imports that a walk from each module meets, as `a.ts -> b.ts -> a.ts`. An import that
 * loads later closes none: a command's declaration names the file that does the work in that way.
 */
export function circles(modules: Modules): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const to of importsOf(file, modules.get(file) ?? '', AT_ONCE)) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of modules.keys()) visit(file, []);
  return found;
}
