import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { MODE, packCpio } from '../../../src/render/override/cpio.js';
import { hasTool } from '../../support/tools.js';

const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);
const data = new TextEncoder().encode('12345');

describe('a cpio archive', () => {
  const archive = packCpio([{ name: 'a/b', data }]);

  it('has a header of hex digits, the name with its NUL, and the bytes, each on a multiple of 4', () => {
    const header =
      '070701' +
      '00000001' + // ino
      '000081a4' + // mode: a regular file, 0644
      '0000000000000000' + // uid, gid
      '00000001' + // nlink
      '00000000' + // mtime
      '00000005' + // filesize
      '00000000'.repeat(4) + // devices
      '00000004' + // namesize
      '00000000'; // check
    expect(text(archive.subarray(0, 110))).toBe(header);
    expect(text(archive.subarray(110, 124))).toBe('a/b\0\0\x0012345\0\0\0');
    expect(text(archive.subarray(124, 130))).toBe('070701');
  });

  it('ends with the trailer and is padded to 512 bytes', () => {
    expect(archive.length).toBe(512);
    expect(text(archive)).toMatch(/TRAILER!!!\0+$/);
  });

  it('may hold more than a block, folders and links', () => {
    const big = packCpio([
      { name: 'a', mode: MODE.directory, data: new Uint8Array() },
      { name: 'a/x', data: new Uint8Array(1000) },
    ]);
    expect(big.length).toBe(1536);
  });

  it.skipIf(!hasTool('busybox'))('is what busybox unpacks', () => {
    const listing = execFileSync('busybox', ['cpio', '-t'], { input: archive });
    expect(listing.toString()).toBe('a/b\n');
  });
});
