import { describe, expect, test } from 'vitest';
import { formatSbdf } from '../../src/base/sbdf.js';
import { readVmDevices } from '../../src/toolstack/vm.js';

const read = (text: string) => {
  const { kind, devices, unresolved } = readVmDevices(text);
  return {
    kind,
    devices: devices.map(({ address, allFunctions }) =>
      allFunctions ? formatSbdf(address).replace(/0$/, '*') : formatSbdf(address),
    ),
    unresolved,
  };
};

describe('a Proxmox .conf (qm.conf(5), hostpci)', () => {
  test('names functions, whole devices, several at once, and mappings', () => {
    const text = `boot: order=scsi0
hostpci0: 0000:01:00.0,pcie=1,x-vga=1
hostpci1: 02:00,pcie=1
hostpci2: host=03:00.0;03:00.1,rombar=0
hostpci3: mapping=gpu,pcie=1
memory: 8192
`;
    expect(read(text)).toEqual({
      kind: 'proxmox',
      devices: ['0000:01:00.0', '0000:02:00.*', '0000:03:00.0', '0000:03:00.1'],
      unresolved: ['mapping=gpu'],
    });
  });

  test('of snapshots nothing counts', () => {
    expect(read('hostpci0: 01:00.0\n\n[before]\nhostpci0: 09:00.0\n').devices).toEqual([
      '0000:01:00.0',
    ]);
  });
});

test("libvirt's XML: the address of the source counts, the guest's own does not", () => {
  const text = `<domain type='kvm'>
  <devices>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <driver name='vfio'/>
      <source>
        <address domain='0x0000' bus='0x01' slot='0x1f' function='0x3'/>
      </source>
      <address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/>
    </hostdev>
    <hostdev mode="subsystem" type="usb"><source><vendor id="0x1234"/></source></hostdev>
  </devices>
</domain>`;
  expect(read(text)).toEqual({ kind: 'libvirt', devices: ['0000:01:1f.3'], unresolved: [] });
});

test("xl's pci: a list, wildcards, names", () => {
  const text = `name = "guest"
pci = [ '00:1d.0,rdm_policy=relaxed', '0000:05:00.*', 'name=gpu' ]
`;
  expect(read(text)).toEqual({
    kind: 'xl',
    devices: ['0000:00:1d.0', '0000:05:00.*'],
    unresolved: ['name=gpu'],
  });
});

test('what asks for no device gives none', () => {
  expect(read('memory = 1024\n').devices).toEqual([]);
  expect(read('').devices).toEqual([]);
});
