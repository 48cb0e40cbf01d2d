import { parseSbdf, type Sbdf, sameSbdf } from '../base/sbdf.js';
import { parseXlCfg } from './xl/cfg.js';
import { BadSetting, parsePciSpec } from './xl/config.js';

/** A device of the host that a virtual machine is configured to get. */
export interface VmDevice {
  /** Function 0 where all functions are meant. */
  readonly address: Sbdf;
  readonly allFunctions: boolean;
}

/** The devices that a virtual machine's configuration asks for. */
export interface VmDevices {
  readonly kind: 'proxmox' | 'libvirt' | 'xl';
  /** Each once, in the order of the file. */
  readonly devices: readonly VmDevice[];
  /** What the file asks for and does not give by an address, each as it stands there. */
  readonly unresolved: readonly string[];
}

/**
 * Reads which devices of the host a virtual machine is to get, from its own file: a Proxmox VE `.conf`
 * (qm.conf(5), `hostpci`), libvirt's domain XML (`hostdev` of the type pci) or an xl configuration (xl.cfg(5), `pci`).
 */
export function readVmDevices(text: string): VmDevices {
  if (/^\s{0,1000}</.test(text)) return { kind: 'libvirt', ...fromLibvirt(text) };
  if (/^hostpci\d{1,2}\s{0,8}:/m.test(text)) return { kind: 'proxmox', ...fromProxmox(text) };
  return { kind: 'xl', ...fromXl(text) };
}

type Found = Pick<VmDevices, 'devices' | 'unresolved'>;

/** Gathers devices, each once. */
class Gathering {
  readonly devices: VmDevice[] = [];
  readonly unresolved: string[] = [];

  add(text: string, allFunctions: boolean): void {
    const address = parseSbdf(allFunctions ? `${text}.0` : text);
    if (address === null) this.unresolved.push(text);
    else if (!this.devices.some((known) => same(known, { address, allFunctions }))) {
      this.devices.push({ address, allFunctions });
    }
  }
}

const same = (a: VmDevice, b: VmDevice): boolean =>
  a.allFunctions === b.allFunctions && sameSbdf(a.address, b.address);

/** `hostpci0: 01:00,pcie=1`, `hostpci1: host=0000:02:00.0;0000:02:00.1`; a mapping names no address. */
function fromProxmox(text: string): Found {
  const found = new Gathering();
  for (const line of text.split('\n')) {
    // Sections below the first are snapshots and what is pending.
    if (line.startsWith('[')) break;
    const value = /^hostpci\d{1,2}\s{0,8}:(.*)$/.exec(line)?.[1];
    if (value === undefined) continue;
    const options = value.split(',').map((option) => option.trim());
    const mapping = options.find((option) => option.startsWith('mapping='));
    if (mapping !== undefined) found.unresolved.push(mapping);
    const host = options.find((option) => option.startsWith('host=')) ?? options[0] ?? '';
    if (host.includes('=') && !host.startsWith('host=')) continue;
    for (const word of host.replace(/^host=/, '').split(';')) {
      found.add(word.trim(), !word.includes('.'));
    }
  }
  return found;
}

/** The `source` of each `hostdev` of the type pci; the address beside it is the guest's own. */
function fromLibvirt(text: string): Found {
  const found = new Gathering();
  const parts = text.split('<hostdev').slice(1);
  for (const part of parts) {
    const [hostdev = ''] = part.split('</hostdev>', 1);
    const [start = ''] = hostdev.split('>', 1);
    if (!/\stype\s{0,8}=\s{0,8}["']pci["']/.test(start)) continue;
    const source = hostdev.split('<source')[1]?.split('</source>', 1)[0] ?? '';
    const address = source.split('<address')[1]?.split('>', 1)[0] ?? '';
    const number = (name: string, otherwise: string): string => {
      const pattern = new RegExp(
        `\\s${name}\\s{0,8}=\\s{0,8}["'](0x[0-9a-fA-F]{1,4}|\\d{1,5})["']`,
      );
      return Number(pattern.exec(address)?.[1] ?? otherwise).toString(16);
    };
    if (address === '') found.unresolved.push(source.trim());
    else {
      const [domain, bus, slot] = [number('domain', '0'), number('bus', '0'), number('slot', '0')];
      found.add(
        `${domain.padStart(4, '0')}:${bus.padStart(2, '0')}:${slot.padStart(2, '0')}.${number('function', '0')}`,
        false,
      );
    }
  }
  return found;
}

function fromXl(text: string): Found {
  const found = new Gathering();
  const value = parseXlCfg(text).settings.get('pci') ?? [];
  for (const spec of (Array.isArray(value) ? value : [value]).flat()) {
    if (typeof spec !== 'string') continue;
    try {
      const { device, allFunctions, name } = parsePciSpec(spec);
      if (name !== null) found.unresolved.push(`name=${name}`);
      else found.devices.push({ address: device, allFunctions });
    } catch (error) {
      if (!(error instanceof BadSetting)) throw error;
      found.unresolved.push(spec);
    }
  }
  return found;
}
