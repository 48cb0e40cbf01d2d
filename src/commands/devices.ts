import { answerDevices, type DevicesOptions, devicesStatus } from '../answers/devices.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { parseSbdf, type Sbdf } from '../base/sbdf.js';
import { readPath } from '../read/bounded-read.js';
import { DEVICES_FORMATS } from '../render/devices/formats.js';
import type { VmDevice } from '../toolstack/vm.js';
import type { SourceOptions } from './declarations.js';
import { answerEach } from './each-source.js';
import { complain } from './output.js';

export interface DevicesCommandOptions extends SourceOptions, DevicesOptions {
  /** A virtual machine's own file, whose devices are asked for. */
  vm?: string;
}

/** `dmar devices`: may these devices be given to a guest, and if not, why, and what then? */
export async function run(args: string[], options: DevicesCommandOptions): Promise<ExitStatus> {
  const { devices, paths } = tellApart(args);
  const slots: Sbdf[] = [];
  if (options.vm !== undefined) {
    for (const { address, allFunctions } of await readVm(options.vm)) {
      (allFunctions ? slots : devices).push(address);
    }
  }
  const asked = devices.length + slots.length + (options.ids ?? []).length > 0;
  return answerEach(
    paths,
    options,
    DEVICES_FORMATS,
    (evidence) => answerDevices(evidence, { ...options, devices, slots }),
    (answer) => devicesStatus(answer, asked),
  );
}

/** Most bytes of a virtual machine's file. */
const MAX_VM_SIZE = 1 << 20;

/** The devices that a virtual machine's file asks for. @throws Failure where it asks for none by address */
async function readVm(path: string): Promise<readonly VmDevice[]> {
  const bytes = await readPath(path, MAX_VM_SIZE, () => undefined);
  if (bytes === null) throw new Failure('a-directory', `${path} is a directory.`);
  const { readVmDevices } = await import('../toolstack/vm.js');
  const { devices, unresolved } = readVmDevices(new TextDecoder().decode(bytes));
  for (const text of unresolved) {
    await complain(`dmar: ${path}: ${text} names no device by its address, and is left out.`);
  }
  if (devices.length > 0) return devices;
  throw new Failure(
    'no-devices',
    `${path} gives no PCI device to its virtual machine.`,
    'It takes hostpci lines of a Proxmox .conf, hostdev of libvirt, and pci of an xl configuration.',
    EXIT.usage,
  );
}

/** Which arguments are devices; the others are sources. */
function tellApart(args: readonly string[]): { devices: Sbdf[]; paths: string[] } {
  const devices: Sbdf[] = [];
  const paths: string[] = [];
  for (const arg of args) {
    const sbdf = parseSbdf(arg);
    if (sbdf !== null) devices.push(sbdf);
    else if (/^[0-9a-f:]+[:.][0-9a-f.]+$/i.test(arg) && arg.includes(':')) {
      throw new Failure(
        'bad-device',
        `"${arg}" is no PCI address.`,
        'One looks like 0000:00:1d.0 or 00:1d.0, all in hex; the device goes up to 1f, the function to 7.',
        EXIT.usage,
      );
    } else paths.push(arg);
  }
  return { devices, paths };
}
