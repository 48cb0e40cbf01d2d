import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PAGES, readPage, rulePages, withSamples } from '../support/docs.js';
import { scratch } from '../support/tools.js';

const ROOT = join(import.meta.dirname, '../..');
const { path, dispose } = scratch();
afterAll(dispose);

describe.each(PAGES)('%s', (page) => {
  const text = readPage(page);

  test('shows what the program prints (npm run docs makes it anew)', async () => {
    expect(text).toBe(await withSamples(text));
  });

  test('links to files and headings that are there', () => {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = '', heading] = target.split('#');
      const there = join(
        ROOT,
        dirname(page),
        file === '' ? (page.split('/').at(-1) as string) : file,
      );
      expect({ target, there: existsSync(there) }).toEqual({ target, there: true });
      if (heading === undefined) continue;
      const headings = Array.from(
        readFileSync(there, 'utf8').matchAll(/^#+ (.*)$/gm),
        ([, title = '']) =>
          title
            .toLowerCase()
            .replace(/[^\w\- ]/g, '')
            .replaceAll(' ', '-'),
      );
      expect(headings).toContain(heading);
    }
  });

  const blocks = Array.from(text.matchAll(/^```(ts|js)\n([\s\S]*?)^```$/gm));
  test.runIf(blocks.length > 0)('has code that compiles strictly, and runs', () => {
    const project = path(page.replaceAll('/', '-'));
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    symlinkSync(ROOT, join(project, 'node_modules/dmar'));
    symlinkSync(join(ROOT, 'node_modules/@types'), join(project, 'node_modules/@types'));
    symlinkSync(join(ROOT, 'fixtures'), join(project, 'fixtures'));
    writeFileSync(join(project, 'package.json'), '{"type":"module"}');
    const files = blocks.map(([, , code = ''], i) => {
      writeFileSync(join(project, `${i}.ts`), code);
      return `${i}.ts`;
    });
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const options = [
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
      '--outDir',
      'out',
    ];
    execFileSync(tsc, [...options, ...files], { cwd: project, stdio: 'pipe' });
    writeFileSync(join(project, 'out/package.json'), '{"type":"module"}');
    for (const [i] of files.entries()) {
      execFileSync(process.execPath, [join('out', `${i}.js`)], { cwd: project, stdio: 'pipe' });
    }
  });
});

test('each rule has its page (npm run docs makes them anew)', () => {
  const folder = join(ROOT, 'docs/rules');
  const there = new Map(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
  expect(there).toEqual(rulePages());
});

test('README is short, and says what it is, how to install it and what it answers at once', () => {
  const lines = readPage('README.md').split('\n');
  expect(lines.length).toBeLessThanOrEqual(120);
  const first = lines.slice(0, 40).join('\n');
  expect(first).toMatch(/npm ci && npx dmar map fixtures\/laptop\.dat/);
});
