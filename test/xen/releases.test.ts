import { describe, expect, it } from 'vitest';
import { findRelease, newestRelease, releaseNames, releaseOfHost } from '../../src/xen/releases.js';

describe('findRelease', () => {
  it('takes a release without its point for its last one', () => {
    expect(findRelease('4.17')?.name).toBe('4.17.7');
    expect(findRelease('4.6')?.name).toBe('4.6.6');
    expect(findRelease('4.17.0')?.name).toBe('4.17.0');
  });

  it.each(['4.5', '4.23', '4.17.8', '5.0', '4', '', '4.17.x', 'v7'])('knows no %j', (name) => {
    expect(findRelease(name)).toBeNull();
  });

  it('knows every release it lists, the newest last', () => {
    for (const name of releaseNames()) expect(findRelease(name)?.name).toBe(name);
    expect(releaseNames().at(-1)).toBe(newestRelease().name);
    expect(releaseNames()).toHaveLength(18);
  });
});

describe('segments are known while the table is parsed', () => {
  it.each([
    ['rfc-v7', false],
    ['4.11', false],
    ['4.12.0', true],
    ['4.16', true],
    ['4.17.0', false],
    ['4.18.6', false],
    ['4.19.3', false],
    ['4.19.4', true],
    ['4.20.1', false],
    ['4.20.2', true],
    ['4.21.0', true],
    ['4.22', true],
  ])('in %s: %s', (name, known) => {
    expect(findRelease(name)?.segmentsKnown).toBe(known);
  });
});

describe('releaseOfHost', () => {
  it.each([
    ['4.17.3', '4.17.3', true],
    ['4.17.3-pre', '4.17.3', true],
    ['4.17', '4.17.0', true],
    ['4.17.99', '4.17.7', false],
    ['4.23.0', '4.22.0', false],
    ['4.22-unstable', '4.22.0', true],
    ['5.0.0', '4.22.0', false],
    ['4.4.1', '4.6.0', false],
  ])('%s behaves as %s', (version, name, exact) => {
    expect(releaseOfHost(version)).toMatchObject({ release: { name }, exact });
  });

  it('knows what is no version', () => {
    expect(releaseOfHost('unknown')).toBeNull();
  });
});
