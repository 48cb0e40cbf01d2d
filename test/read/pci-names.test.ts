import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { filesTree } from '../../src/evidence/files-tree.js';
import { readPciNames } from '../../src/read/pci-names.js';

const DATABASE = `8086  Intel Corporation
\t1d26  C600 USB Controller
`;

test.each(['usr/share/misc/pci.ids', 'usr/share/hwdata/pci.ids'])(
  'the database is found in %s, plain or packed',
  (place) => {
    const bytes = new TextEncoder().encode(DATABASE);
    for (const [path, content] of [
      [place, bytes],
      [`${place}.gz`, gzipSync(bytes)],
    ] as const) {
      const names = readPciNames(filesTree('host', new Map([[path, content]])));
      expect(names?.device(0x8086, 0x1d26)).toBe('Intel Corporation C600 USB Controller');
    }
  },
);
