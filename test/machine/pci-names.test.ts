import { expect, test } from 'vitest';
import { PciNames } from '../../src/machine/pci-names.js';

const DATABASE = `# comment
0001  SafeNet (wrong ID)
8086  Intel Corporation
\t1d26  C600 USB Controller
\t\t103c 18a9  A subsystem
# in between
\t1d2d  Another controller
8087  Somebody else
\t0001  Theirs
C 03  Display controller
\t00  VGA compatible controller
C 0c  Serial bus controller
\t03  USB controller
\t\t20  EHCI
`;

test.each([
  [0x8086, 0x1d26, 'Intel Corporation C600 USB Controller'],
  [0x8086, 0x1d2d, 'Intel Corporation Another controller'],
  [0x8086, 0x0001, 'Intel Corporation'],
  [0x8087, 0x0001, 'Somebody else Theirs'],
  [0x103c, 0x18a9, null],
])('device %j:%j is %j', (vendor, device, name) => {
  expect(new PciNames(DATABASE).device(vendor, device)).toBe(name);
  expect(new PciNames(DATABASE.replaceAll('\n', '\r\n')).device(vendor, device)).toBe(name);
});

test.each([
  [0x0c0320, 'USB controller'],
  [0x0c0500, 'Serial bus controller'],
  [0x030000, 'VGA compatible controller'],
  [0x120000, null],
])('class %j is %j', (code, name) => {
  expect(new PciNames(DATABASE).className(code)).toBe(name);
});
