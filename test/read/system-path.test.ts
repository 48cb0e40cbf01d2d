import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fromSystem, namesIn, toSystem } from '../../src/read/system-path.js';
import { walk } from '../../src/read/walk.js';
import { scratch } from '../support/tools.js';

const { path, dispose } = scratch();
afterAll(dispose);

describe('a path as text', () => {
  it('is the same bytes again, whatever they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(Buffer.from(toSystem(fromSystem(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each([
    [Buffer.from('Gerät 日本 😀'), 'Gerät 日本 😀'],
    [Buffer.from('caf\xe9.dat', 'latin1'), 'caf\udce9.dat'],
    // Overlong, a surrogate, beyond U+10FFFF, cut off: none of them is UTF-8.
    [Buffer.from([0xc0, 0x80]), '\udcc0\udc80'],
    [Buffer.from([0xed, 0xa0, 0x80]), '\udced\udca0\udc80'],
    [Buffer.from([0xf4, 0x90, 0x80, 0x80]), '\udcf4\udc90\udc80\udc80'],
    [Buffer.from([0xe2, 0x82]), '\udce2\udc82'],
  ])('decodes %s', (bytes, text) => {
    expect(fromSystem(bytes)).toBe(text);
  });
});

describe('a directory of odd names', () => {
  const folder = path('odd');
  mkdirSync(folder);
  writeFileSync(toSystem(join(folder, 'caf\udce9.dat')), '');
  mkdirSync(toSystem(join(folder, '\udcff')));
  writeFileSync(toSystem(join(folder, '\udcff/in')), '');
  writeFileSync(join(folder, 'real \ufffd'), '');
  symlinkSync('self', join(folder, 'self'));
  symlinkSync('a'.repeat(300), join(folder, 'long'));
  symlinkSync('nowhere', join(folder, 'dangling'));

  it('lists them as they are', () => {
    const names = ['caf\udce9.dat', 'dangling', 'long', 'real \ufffd', 'self', '\udcff'];
    expect(namesIn(folder).sort()).toEqual(names.sort());
  });

  it('is walked to its end; what links lead to that cannot be followed is told', () => {
    const found = [...walk(folder)].map(({ path, ...rest }) => [
      path.slice(folder.length + 1),
      'obstacle' in rest ? rest.obstacle.code : 'candidate',
    ]);
    expect(found).toEqual([
      ['caf\udce9.dat', 'candidate'],
      ['long', 'not-found'],
      ['real \ufffd', 'candidate'],
      ['self', 'not-found'],
      ['\udcff/in', 'candidate'],
    ]);
  });
});
