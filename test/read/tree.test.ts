import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src/base/failure.js';
import { filesTree, type TreeFile } from '../../src/evidence/files-tree.js';
import { resolveInTree } from '../../src/evidence/tree.js';
import { directoryTree } from '../../src/read/tree.js';
import { writeTree } from '../support/host-tree.js';

const bytes = (text: string) => new TextEncoder().encode(text);

const FILES = new Map<string, TreeFile>([
  ['sys/real/file', bytes('hello')],
  ['sys/bus/link', { link: '../real' }],
  ['sys/bus/absolute', { link: '/sys/real/file' }],
  ['sys/bus/escape', { link: '../../../../../../../../etc/passwd' }],
  ['sys/bus/dangling', { link: 'nowhere' }],
  ['sys/bus/loop', { link: 'loop' }],
]);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dmar-tree-'));
  writeTree(FILES, join(directory, 'root'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.each([
  ['a directory', () => directoryTree(join(directory, 'root'))],
  ['files in memory', () => filesTree('memory', FILES)],
])('a tree of %s', (_, open) => {
  test('reads regular files, through relative and absolute links too', () => {
    const tree = open();
    for (const path of [
      'sys/real/file',
      '/sys/real/file',
      'sys/bus/link/file',
      'sys/bus/absolute',
    ]) {
      expect(Buffer.from(tree.read(path) ?? []).toString(), path).toBe('hello');
    }
    expect(Buffer.from(tree.head('sys/bus/link/file', 3) ?? []).toString()).toBe('hel');
  });

  test('has nothing outside its root, behind dangling or circular links, or where a directory is', () => {
    const tree = open();
    for (const path of [
      'sys/bus/escape',
      'sys/bus/dangling',
      'sys/bus/loop',
      'sys/real',
      '',
      'x/y',
    ]) {
      expect(tree.read(path), path).toBeNull();
    }
  });

  test('lists directories in order, and tells links from files', () => {
    const tree = open();
    expect(tree.list('')).toEqual(['sys']);
    expect(tree.list('sys/bus')).toEqual(['absolute', 'dangling', 'escape', 'link', 'loop']);
    expect(tree.list('sys/bus/link')).toEqual(['file']);
    expect(tree.list('sys/none')).toBeNull();
    expect(tree.list('sys/real/file')).toBeNull();
    expect(tree.readlink('sys/bus/link')).toBe('../real');
    expect(tree.readlink('sys/real/file')).toBeNull();
    expect(tree.readlink('none')).toBeNull();
  });

  test('refuses a file over the limit, and reads one that just fits', () => {
    const tree = open();
    expect(tree.read('sys/real/file', 5)).toHaveLength(5);
    expect(() => tree.read('sys/real/file', 4)).toThrow(Failure);
  });
});

test('neither a device nor a FIFO in a captured directory is read', () => {
  const root = join(directory, 'special');
  mkdirSync(root);
  execFileSync('mkfifo', [join(root, 'fifo')]);
  writeFileSync(join(root, 'file'), '');
  symlinkSync('/dev/zero', join(root, 'zero'));
  const tree = directoryTree(root);
  expect(tree.read('fifo')).toBeNull();
  expect(tree.read('zero')).toBeNull();
  expect(tree.read('file')).toHaveLength(0);
});

test('a path resolved never names a link or goes above the root, whatever links there are', () => {
  const name = fc.constantFrom('a', 'b', 'c', '..', '.', '');
  const path = fc.array(name, { maxLength: 6 }).map((names) => names.join('/'));
  const links = fc.dictionary(fc.constantFrom('a', 'b', 'a/b', 'b/c', 'c/a'), path, { maxKeys: 5 });
  fc.assert(
    fc.property(path, links, (start, targets) => {
      const linkAt = (at: string) => targets[at] ?? null;
      const resolved = resolveInTree(start, linkAt);
      if (resolved === null) return;
      const parts = resolved.split('/');
      expect(parts).not.toContain('..');
      expect(linkAt(resolved)).toBeNull();
      expect(resolveInTree(resolved, linkAt)).toBe(resolved);
    }),
  );
});
