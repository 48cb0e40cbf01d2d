/**
 * `npm run test:machine`: boots machines in QEMU with tables of ours, runs the executable there as root, and compares its
 * answers with what Linux and Xen did. It takes Debian with root's rights and some of its packages; where one is
 * missing it says so and skips.
 *
 * DMAR_BOOT_ONLY: boots only the machines whose names hold this, and the first, which the others are made from.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packCpio } from '../../src/render/override/cpio.js';
import { OVMF, PLATFORMS, xenDisk } from './grub.js';
import { kernelImage, makeInitrd, uncompressedKernel } from './guest.js';
import { judgeCapture, judgeLinux, judgeRun, judgeXen, type Verdict } from './judge.js';
import { firstDependency, newestPackage, requireTools, Unavailable, unpacked } from './packages.js';
import { type Booted, boot as bootOnce } from './qemu.js';
import { ADDED, tableWith } from './tables.js';

const CACHE = 'node_modules/.cache/dmar/boot';
const DMAR = `dist/standalone/dmar-linux-${process.arch}`;
const ONLY = process.env.DMAR_BOOT_ONLY ?? '';
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

/** Boots Linux; a table goes in front of the initial RAM disk, where the kernel looks for one to take instead. */
async function bootLinux({ vmlinux, image }: Prepared, name: string, table: Uint8Array | null) {
  const folder = join(CACHE, name.replaceAll(' ', '-'));
  const initrd = join(CACHE, 'initrd-with-table');
  const front =
    table === null ? [] : [packCpio([{ name: 'kernel/firmware/acpi/DMAR.aml', data: table }])];
  writeFileSync(initrd, Buffer.concat([...front, image]));
  return boot(folder, [
    ...['-cpu', 'max,la57=off', '-kernel', vmlinux, '-initrd', initrd, '-append', LINUX_OPTIONS],
  ]);
}

/** Boots Xen with Linux as its first guest; GRUB hands the table over. */
async function bootXen(prepared: Prepared, name: string, table: Uint8Array) {
  const xen = unpacked(newestPackage('^xen-hypervisor-[0-9.]+-amd64$'), prepared.packages);
  const folder = join(CACHE, name.replaceAll(' ', '-'));
  const [file, initrd] = [join(CACHE, 'DMAR.aml'), join(CACHE, 'initrd.gz')];
  writeFileSync(file, table);
  writeFileSync(initrd, gzipSync(prepared.image, { level: 1 }));
  const files = { 'xen.gz': kernelImage(xen, 'xen-'), vmlinux: prepared.vmlinux, initrd };
  const disk = xenDisk(`${folder}-disk`, {
    firmware: 'uefi',
    files: { ...files, 'DMAR.aml': file },
    before: 'acpi --exclude=DMAR /DMAR.aml',
  });
  return boot(folder, disk);
}

type Prepared = ReturnType<typeof prepare>;

const COMMANDS = ['map', 'map.json', 'devices', 'devices.json', 'check.json', 'capture'];

async function main(): Promise<void> {
  const prepared = prepare();
  const first = await bootLinux(prepared, OWN_TABLE, null);
  const path = '/sys/firmware/acpi/tables/DMAR';
  if (first.failure !== null) return report(OWN_TABLE, first, () => []);
  const own = readFileSync(first.path('DMAR'));
  const judged = (booted: Booted, table: Uint8Array, more: (booted: Booted) => Verdict[]) => () => [
    ...judgeRun(booted, COMMANDS, table, more === judgeXen ? 'RMAD' : 'DMAR'),
    ...more(booted),
    ...judgeCapture(booted, DMAR),
  ];
  report(`Linux, ${OWN_TABLE} (${path})`, first, judged(first, own, judgeLinux));

  const tables = {
    'a binding region': ADDED.binding,
    'a sub-hierarchy': ADDED.subHierarchy,
    'a table that costs the IOMMU': ADDED.costly,
  };
  for (const [name, added] of Object.entries(tables)) {
    if (!name.includes(ONLY)) continue;
    const table = tableWith(own, added);
    const booted = await bootLinux(prepared, name, table);
    report(`Linux, ${name}`, booted, judged(booted, table, judgeLinux));
  }

  const name = 'Xen on UEFI';
  if (!name.includes(ONLY)) return;
  if (!existsSync(OVMF) || !existsSync(PLATFORMS.uefi)) {
    return skip(name, 'ovmf and grub-efi-amd64-bin are missing.');
  }
  const table = tableWith(own, ADDED.binding);
  const booted = await bootXen(prepared, name, table);
  report(name, booted, judged(booted, table, judgeXen));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  skip('test:machine', error.message);
}
say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
