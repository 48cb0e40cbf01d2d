import { answerDevices, type DevicesOptions, devicesStatus } from '../answers/devices.js';
import { EXIT, type ExitStatus, Failure } from '../base/failure.js';
import { parseSbdf, type Sbdf } from '../base/sbdf.js';
import { DEVICES_FORMATS } from '../render/devices/formats.js';
import type { SourceOptions } from './declarations.js';
import { answerEach } from './each-source.js';

export interface DevicesCommandOptions extends SourceOptions, DevicesOptions {}

/** `dmar devices`: may these devices be given to a guest, and if not, why, and what then? */
export async function run(args: string[], options: DevicesCommandOptions): Promise<ExitStatus> {
  const { devices, paths } = tellApart(args);
  return answerEach(
    paths,
    options,
    DEVICES_FORMATS,
    (evidence) => answerDevices(evidence, { ...options, devices }),
    (answer) => devicesStatus(answer, devices.length > 0),
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
