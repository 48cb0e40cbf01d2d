import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** How long a machine may take, in milliseconds: Linux takes twenty seconds and Xen a hundred, on a busy host many times that. */
const PATIENCE = 600_000;

/** The machine: one VT-d unit at 0xfed90000, and functions of the kinds that Linux tells apart. */
const MACHINE = `
  -machine q35 -m 2048 -smp 1 -nodefaults -no-user-config -display none -no-reboot
  -device intel-iommu,intremap=on
  -device VGA,addr=1.0
  -device e1000e,addr=2.0,romfile=
  -device qemu-xhci,addr=3.0
  -device pcie-root-port,addr=4.0,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=
  -device e1000e,addr=5.0,romfile=`
  .trim()
  .split(/\s+/);

/** Addresses of the machine's functions. */
export const DEVICE = {
  display: '0000:00:01.0',
  network: '0000:00:02.0',
  usb: '0000:00:03.0',
  port: '0000:00:04.0',
  bystander: '0000:00:05.0',
  belowPort: '0000:01:00.0',
};

/** Memory that this machine's firmware reserves, so that a region may lie there: its top, below 2 GiB. */
export const RESERVED_MEMORY = 0x7fff_0000n;

/** What came of a boot. */
export interface Booted {
  /** Why the machine did not do what it was asked; null where it did. */
  readonly failure: string | null;
  readonly seconds: number;
  /** What stood on the first serial port: the loader, Xen, and Linux where it has a console. */
  readonly serial: string;
  /** A file that the guest left, as text; empty where there is none. */
  readonly text: (name: string) => string;
  /** Where the guest's files lie. */
  readonly path: (name: string) => string;
}

/**
 * Boots a machine and waits until it switches itself off.
 *
 * @param folder for what it prints and leaves; emptied first
 * @param start options of QEMU that say what is booted
 */
export async function boot(folder: string, start: readonly string[]): Promise<Booted> {
  rmSync(folder, { recursive: true, force: true });
  const out = join(folder, 'out');
  mkdirSync(out, { recursive: true });
  const [serial, tar] = [join(folder, 'serial.log'), join(folder, 'out.tar')];
  const began = Date.now();
  const args = [...MACHINE, '-serial', `file:${serial}`, '-serial', `file:${tar}`, ...start];
  const ended = await run('qemu-system-x86_64', args);
  const seconds = Math.round((Date.now() - began) / 1000);
  return {
    failure: ended ?? unpack(tar, out),
    seconds,
    serial: existsSync(serial) ? readFileSync(serial, 'latin1') : '',
    text: (name) => (existsSync(join(out, name)) ? readFileSync(join(out, name), 'utf8') : ''),
    path: (name) => join(out, name),
  };
}

/** Runs a program to its end; answers why it did not end well, or null. */
function run(command: string, args: string[]): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: PATIENCE });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status, signal) => {
      if (child.killed) resolve(`still running after ${PATIENCE / 1000} s`);
      else if (status === 0) resolve(null);
      else resolve(`${command} ended with ${status ?? signal}: ${complaint.trim()}`);
    });
  });
}

/** What the guest writes before its archive. */
const BEGIN = 'begin-of-archive\n';

/** Unpacks what the guest sent; answers why that cannot be done, or null. */
function unpack(sent: string, folder: string): string | null {
  const bytes = existsSync(sent) ? readFileSync(sent) : Buffer.alloc(0);
  const begin = bytes.indexOf(BEGIN);
  if (begin < 0) return 'it sent nothing: see serial.log';
  const tar = spawnSync('tar', ['-x', '-C', folder], {
    input: bytes.subarray(begin + BEGIN.length),
    encoding: 'utf8',
  });
  return tar.status === 0 ? null : `what it sent is damaged: ${tar.stderr.trim()}`;
}
