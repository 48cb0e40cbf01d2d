/**
 * `npm run test:machine`: boots machines in QEMU with tables of ours, runs the executable there as root, and compares its
 * answers with what Linux and Xen did. It takes Debian with root's rights and some of its packages; where one is
 * missing it says so and skips.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tableArchive } from '../../src/render/override/archive.js';
import { type Firmware, OVMF, PLATFORMS, xenDisk } from './grub.js';
import { kernelImage, makeInitrd, uncompressedKernel } from './guest.js';
import {
  judgeCapture,
  judgeExplain,
  judgeLinux,
  judgeOtherTable,
  judgeOverride,
  judgeRun,
  judgeXen,
  type Verdict,
} from './judge.js';
import { firstDependency, newestPackage, requireTools, Unavailable, unpacked } from './packages.js';
import { type Booted, boot as bootOnce, DEVICE } from './qemu.js';
import { ADDED, BINDING, tableWith } from './tables.js';

const CACHE = 'node_modules/.cache/dmar/boot';
const DMAR = `dist/standalone/dmar-linux-${process.arch}`;
const OWN_TABLE = 'its own table';

/** On a busy host the emulated clocks stand still now and then; the kernel is not to give them up for it. */
const LINUX_OPTIONS =
  'console=ttyS0 intel_iommu=on nokaslr mitigations=off panic=-1 nowatchdog no_timer_check tsc=reliable';

const say = (line: string) => console.log(line);
const total = { passed: 0, failed: 0, skipped: 0 };

/** Prints a line for a booted machine, and one for each statement that does not hold. */
function report(name: string, booted: Booted, judge: () => Verdict[]): void {
  const verdicts: Verdict[] =
    booted.failure === null
      ? judge()
      : [{ what: 'the machine answers', holds: false, found: booted.failure }];
  const broken = verdicts.filter(({ holds }) => !holds);
  total.passed += verdicts.length - broken.length;
  total.failed += broken.length;
  const score = `${verdicts.length - broken.length} of ${verdicts.length} hold`;
  say(`${broken.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${score} (${booted.seconds} s)`);
  for (const { what, found } of broken) say(`       ${what}: ${found}`);
}

function skip(name: string, why: string): void {
  total.skipped++;
  say(`skip ${name}: ${why}`);
}

/** Boots a machine, once more where nothing came of it: emulated machines fail now and then on a busy host. */
async function boot(folder: string, start: readonly string[]): Promise<Booted> {
  const first = await bootOnce(folder, start);
  if (first.failure === null) return first;
  say(`     ${folder}: ${first.failure}; once more.`);
  return bootOnce(folder, start);
}

/** What all machines share. */
function prepare() {
  requireTools();
  if (!existsSync(DMAR)) throw new Unavailable(`${DMAR} is missing: npm run build:standalone`);
  const packages = join(CACHE, 'packages');
  const kernel = unpacked(firstDependency('linux-image-amd64'), packages);
  const busybox = join(unpacked('busybox-static', packages), 'bin/busybox');
  mkdirSync(CACHE, { recursive: true });
  const [vmlinux, initrd] = [join(CACHE, 'vmlinux'), join(CACHE, 'initrd')];
  writeFileSync(vmlinux, uncompressedKernel(readFileSync(kernelImage(kernel))));
  const image = makeInitrd({ kernel, busybox, dmar: DMAR, build: join(CACHE, 'build') });
  writeFileSync(initrd, image);
  return { vmlinux, initrd, image, packages };
}

/** What is booted, beside what all machines share. */
interface LinuxBoot {
  /** What stands in front of the initial RAM disk, where the kernel looks for a table to take instead. */
  readonly front?: Uint8Array;
  /** More for the kernel's command line. */
  readonly options?: string;
}

async function bootLinux({ vmlinux, image }: Prepared, name: string, what: LinuxBoot) {
  const { front = new Uint8Array(), options = '' } = what;
  const initrd = join(CACHE, 'initrd-with-table');
  writeFileSync(initrd, Buffer.concat([front, image]));
  return boot(folderOf(name), [
    ...['-cpu', 'max,la57=off', '-kernel', vmlinux, '-initrd', initrd],
    ...['-append', `${LINUX_OPTIONS} ${options}`],
  ]);
}

/** Boots Xen with Linux as its first guest; GRUB's commands hand the table over. */
async function bootXen(
  prepared: Prepared,
  name: string,
  { firmware, before, table }: { firmware: Firmware; before: string; table: Uint8Array },
) {
  const xen = unpacked(newestPackage('^xen-hypervisor-[0-9.]+-amd64$'), prepared.packages);
  const [file, initrd] = [join(CACHE, 'DMAR.aml'), join(CACHE, 'initrd.gz')];
  writeFileSync(file, table);
  writeFileSync(initrd, gzipSync(prepared.image, { level: 1 }));
  const files = { 'xen.gz': kernelImage(xen, 'xen-'), vmlinux: prepared.vmlinux, initrd };
  const disk = xenDisk(`${folderOf(name)}-disk`, {
    ...{ firmware, before },
    files: { ...files, 'DMAR.aml': file },
  });
  return boot(folderOf(name), disk);
}

const folderOf = (name: string): string => join(CACHE, name.replaceAll(/[^\w]+/g, '-'));

type Prepared = ReturnType<typeof prepare>;

const COMMANDS = ['map', 'map.json', 'devices', 'devices.json', 'check.json', 'capture'];

async function main(): Promise<void> {
  const prepared = prepare();
  const first = await bootLinux(prepared, OWN_TABLE, {});
  if (first.failure !== null) return report(OWN_TABLE, first, () => []);
  const own = readFileSync(first.path('DMAR'));
  const linux = (booted: Booted, table: Uint8Array) => [
    ...judgeRun(booted, COMMANDS, table, 'DMAR'),
    ...judgeLinux(booted),
    ...judgeExplain(booted),
    ...judgeCapture(booted, DMAR),
  ];
  report(`Linux, ${OWN_TABLE}`, first, () => linux(first, own));

  for (const [name, added] of Object.entries(ADDED)) {
    const table = tableWith(own, added);
    const booted = await bootLinux(prepared, name, {
      front: tableArchive('DMAR', table),
      options: `drop=${DEVICE.network}`,
    });
    report(`Linux, ${name}`, booted, () => linux(booted, table));
    // The binding region is the one that somebody wants to be rid of.
    if (added === ADDED[BINDING] && booted.failure === null) await override(prepared, booted);
  }
  await uefi(prepared, own);
}

/** Boots Linux and Xen with what `dmar override` made on a machine with a binding region. */
async function override(prepared: Prepared, before: Booted): Promise<void> {
  const table = readFileSync(before.path('DMAR.aml'));
  const name = 'the archive of dmar override';
  const front = readFileSync(before.path('acpi_override.cpio'));
  const booted = await bootLinux(prepared, name, { front });
  report(`Linux, ${name}`, booted, () => [
    ...judgeRun(booted, COMMANDS, table, 'DMAR'),
    ...judgeLinux(booted),
    ...judgeOverride(before, booted, DEVICE.network),
    ...judgeCapture(booted, DMAR),
  ]);

  const lines = 'the lines of dmar override for GRUB';
  if (!existsSync(PLATFORMS.bios)) return skip(`Xen, ${lines}`, 'grub-pc-bin is missing.');
  const xen = await bootXen(prepared, lines, {
    ...{ firmware: 'bios', table, before: before.text('override.cfg') },
  });
  // On a BIOS, dom0's kernel finds the firmware's table, not the one that GRUB gave Xen.
  report(`Xen, ${lines}`, xen, () => [
    ...judgeRun(xen, COMMANDS, readFileSync(xen.path('DMAR')), 'DMAR'),
    ...judgeOtherTable(xen),
    ...judgeXen(xen, { dmar: DMAR, table: before.path('DMAR.aml') }),
    ...judgeCapture(xen, DMAR),
  ]);
}

/** Boots Xen on UEFI, where its first guest finds the table that Xen uses. */
async function uefi(prepared: Prepared, own: Uint8Array): Promise<void> {
  const name = `Xen on UEFI, ${BINDING}`;
  if (!existsSync(OVMF) || !existsSync(PLATFORMS.uefi)) {
    return skip(name, 'ovmf or grub-efi-amd64-bin is missing.');
  }
  const table = tableWith(own, ADDED[BINDING]);
  const before = 'acpi --exclude=DMAR /DMAR.aml';
  const booted = await bootXen(prepared, name, { firmware: 'uefi', before, table });
  report(name, booted, () => [
    ...judgeRun(booted, COMMANDS, table, 'RMAD'),
    ...judgeXen(booted, null),
    ...judgeCapture(booted, DMAR),
  ]);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  skip('test:machine', error.message);
}
say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
