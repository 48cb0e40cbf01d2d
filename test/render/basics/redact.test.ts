import { describe, expect, test } from 'vitest';
import { redact } from '../../../src/render/basics/redact.js';

describe('what is planted is gone', () => {
  test.each([
    [
      'MAC address',
      'e1000e 0000:00:1f.6 eth0: (PCI Express) 3c:97:0e:AB:cd:ef',
      ['3c:97:0e:AB:cd:ef'],
    ],
    ['MAC address', 'link/ether 3C-97-0E-AB-CD-EF brd', ['3C-97-0E-AB-CD-EF']],
    [
      'IPv4 address',
      'IP-Config: ip=192.168.7.23/24 gw 192.168.7.1.',
      ['192.168.7.23', '192.168.7.1'],
    ],
    ['IPv6 address', 'inet6 fe80::3e97:eff:feab:cdef/64 scope link', ['fe80::3e97:eff:feab:cdef']],
    ['IPv6 address', 'from 2001:db8:85a3:8d3:1319:8a2e:370:7348 port 22', ['2001:db8:85a3']],
    ['IPv6 address', 'listen on ::1', ['::1']],
    ['UUID', 'root=UUID=0f6e9c1c-3b2a-4b8e-9a11-2c6d1f0e9b77 ro', ['0f6e9c1c']],
    ['user and host', 'anna@willow:~$ dmesg | grep DMAR', ['anna', 'willow']],
    ['user and host', '[anna@willow ~]# xl dmesg', ['anna', 'willow']],
    ['host name', 'Nov 28 12:00:01 willow kernel: DMAR: IOMMU enabled\nwillow is up', ['willow']],
    ['host name', '2026-11-28T12:00:01.123456+01:00 willow kernel: x', ['willow']],
    ['user name', 'cd /home/anna/vm', ['anna']],
    ['serial number', 'usb 1-1: SerialNumber: 0123AB45', ['0123AB45']],
    ['serial number', 'Serial Number: CZJ1234567', ['CZJ1234567']],
    ['serial number', 'product_serial=CZJ1234567', ['CZJ1234567']],
    ['serial number', 'ata1: WDC WD10EZEX S/N WD-WCC6Y1234567', ['WCC6Y1234567']],
    ['serial number', 'nvme0: serial S4EVNF0M123456X', ['S4EVNF0M123456X']],
    ['serial number', '/dev/disk/by-id/ata-Samsung_SSD_850_S21NX0AG123456', ['S21NX0AG123456']],
    ['MAC address', 'cisco 3c97.0eab.cd02 seen', ['3c97.0eab.cd02']],
    ['MAC address', 'br0: bridge id 8000.3c970eabcd03', ['3c970eabcd03']],
    ['MAC address', 'enx3c970eabcd04: renamed from eth0', ['3c970eabcd04']],
    ['IPv6 address', 'peer ::ffff:203.0.113.9', ['203.0', '113.9']],
    ['IPv6 address', 'listen [2001:db8::1]:443', ['2001:db8']],
    ['UUID', 'root=PARTUUID=8e5f1b7e-02 ro', ['8e5f1b7e']],
    ['UUID', 'UUID="1A2B-3C4D" TYPE="vfat"', ['1A2B-3C4D']],
    ['user and host', '┌──(anna㉿willow)-[~]', ['anna', 'willow']],
    ['user and host', 'Linux version 6.8.0 (anna@willow) (gcc) #1', ['anna', 'willow']],
    ['host name', '<6>Nov 28 12:00:01 willow dhclient[7]: bound', ['willow']],
    [
      'host name',
      '> Nov  8 12:00:01 willow.example.org sshd[7]: x\nwillow.example.org',
      ['willow', 'example'],
    ],
    ['host name', 'systemd[1]: Set hostname to <willow>.', ['willow']],
    ['host name', 'Hostname set to <willow>.', ['willow']],
    ['host name', 'host: xen\nhostname: willow', ['willow']],
    ['host name', 'Linux willow 6.8.0-41-generic #41 SMP x86_64', ['willow']],
    ['user name', 'PS C:\\Users\\anna> dmar', ['anna']],
    ['user name', 'systemd[1]: Started Session 1 of user anna.', ['anna']],
    ['user name', 'session opened for user root(uid=0) by anna(uid=1000)', ['anna']],
    ['user name', 'sshd[7]: Accepted publickey for anna from 10.0.0.1', ['anna', '10.0.0.1']],
    ['user name', 'pam: ruser=anna logname=anna', ['anna']],
  ])('%s: %s', (kind, text, planted) => {
    const { text: clean, found } = redact(text);
    for (const detail of planted) expect(clean).not.toContain(detail);
    expect([...found.keys()]).toContain(kind);
  });
});

test.each([
  'pci 0000:04:00.0: [19a2:0710] type 00 class 0x020000',
  '[    0.573372] pci 0000:04:00.0: DMAR: Setting identity map [0xbdf8f000 - 0xbdf92fff]',
  'BIOS-e820: [mem 0x0000000000100000-0x00000000aa378fff] usable',
  '    0010: 43 55 54 00 00 00 00 00 01 00 00 00 49 4E 54 4C',
  '(XEN) [2020-08-22 10:09:03] [VT-D]drivers/passthrough/vtd/dmar.c:610:  RMRR: [dc000000,de1fffff]',
  'Linux version 6.8.12-4-pve (gcc 12.2.0) #1 SMP PREEMPT_DYNAMIC PMX 6.8.12-4',
  'DMI: HP ProLiant DL380 Gen9/ProLiant DL380 Gen9, BIOS P89 10/21/2019',
  'DMAR: device scope is read by the driver, of user space; serial8250: ttyS0 at I/O 0x3f8',
  'DMAR: DRHD base: 0x000000fed90000 flags: 0x0 by Linux',
  'ACPI: DMAR 0x0000000079AB7820 0000A8 (v01 INTEL  EDK2     00000003 BRXT 0100000D)',
])('what a verdict needs stays: %s', (line) => {
  expect(redact(line)).toEqual({ text: line, found: new Map() });
});

test('time grows with the text', () => {
  const worst = [
    'a:'.repeat(40_000),
    '1.'.repeat(40_000),
    'a@'.repeat(40_000),
    '::'.repeat(40_000),
    'by-id/'.repeat(20_000),
    'serial '.repeat(20_000),
    'Linux a'.repeat(20_000),
    '<6>'.repeat(30_000),
  ];
  for (const text of worst) expect(redact(text).text.length).toBeGreaterThan(0);
});
