import { describe, expect, it } from 'vitest';
import { oneLine, printable } from '../../src/base/printable.js';

describe('text of a stranger', () => {
  it.each([
    ['\x1b[31mred\x07', '?[31mred?'],
    ['C1 \x9b2J and DEL \x7f', 'C1 ?2J and DEL ?'],
    ['turned \u202egnp.exe', 'turned ?gnp.exe'],
    ['isolated \u2066x\u2069, joined \u200b\u200d\ufeff', 'isolated ?x?, joined ???'],
    ['lines \u2028\u2029\u0085', 'lines ???'],
    ['tags \u{e0041}', 'tags ?'],
    ['half \ud800 of a pair', 'half ? of a pair'],
    ['a path caf\udce9', 'a path caf\\xe9'],
    ['Gerät naïve 日本 😀', 'Gerät naïve 日本 😀'],
    ['two\nlines\tof it', 'two\nlines\tof it'],
  ])('%j is shown as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('stays in one line where it must', () => {
    expect(oneLine('a\n::error::b\tc')).toBe('a?::error::b?c');
  });
});
