import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpioEntry, MODE, packCpio } from '../../src/render/override/cpio.js';

const SOURCES = 'test/boot/guest';

/** Modules in the order in which they are loaded; a kernel lacks those that are built in or came later or earlier. */
const MODULES = [
  'irqbypass',
  'iommufd',
  'vfio',
  'vfio_iommu_type1',
  'vfio_virqfd',
  'vfio-pci-core',
  'vfio-pci',
  'xen-privcmd',
];

/** Paths of all files below a folder. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));

/** A module's bytes, uncompressed as Debian 12 has it or packed as later ones do. */
const moduleBytes = (path: string): Uint8Array =>
  path.endsWith('.xz')
    ? execFileSync('xz', ['-dc', path], { maxBuffer: 2 ** 30 })
    : readFileSync(path);

/** The kernel's modules that the guest needs. */
function modules(kernel: string): CpioEntry[] {
  const all = filesBelow(join(kernel, 'lib/modules'));
  return MODULES.flatMap((name, i) => {
    const path = all.find((file) => new RegExp(`/${name}\\.ko(\\.xz)?$`).test(file));
    if (path === undefined) return [];
    const number = String(i).padStart(2, '0');
    return [{ name: `modules/${number}-${name}.ko`, data: moduleBytes(path) }];
  });
}

/** Compiles a program of the guest's that needs nothing beside the kernel. */
function compiled(name: string, build: string): CpioEntry {
  const program = join(build, name);
  execFileSync('gcc', ['-O1', '-static', '-o', program, join(SOURCES, `${name}.c`)]);
  return { name: `bin/${name}`, mode: MODE.program, data: readFileSync(program) };
}

/** Shared objects that an executable of this machine's needs, where it looks for them. */
function libraries(executable: string): CpioEntry[] {
  const listing = execFileSync('ldd', [executable], { encoding: 'utf8' });
  return [...listing.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => ({
    name: path.slice(1),
    mode: MODE.program,
    data: readFileSync(path),
  }));
}

/** What an initial RAM disk is made of. */
export interface GuestParts {
  /** The folder in which the kernel's package was unpacked. */
  readonly kernel: string;
  /** busybox, linked statically. */
  readonly busybox: string;
  /** The executable to try. */
  readonly dmar: string;
  /** A folder for what is compiled. */
  readonly build: string;
}

/** The initial RAM disk of the machines that are booted; each loads its own table in front of it. */
export function makeInitrd({ kernel, busybox, dmar, build }: GuestParts): Uint8Array {
  mkdirSync(build, { recursive: true });
  const files: CpioEntry[] = [
    { name: 'init', mode: MODE.program, data: readFileSync(join(SOURCES, 'init.sh')) },
    { name: 'job', data: readFileSync(join(SOURCES, 'job.sh')) },
    { name: 'bin/busybox', mode: MODE.program, data: readFileSync(busybox) },
    { name: 'bin/dmar', mode: MODE.program, data: readFileSync(dmar) },
    compiled('attach-group', build),
    compiled('reserved-memory', build),
    ...libraries(dmar),
    ...modules(kernel),
  ];
  return packCpio([...foldersOf(files), ...files]);
}

/** The folders that files lie in, each before those below it. */
function foldersOf(files: readonly CpioEntry[]): CpioEntry[] {
  const folders = files.flatMap(({ name }) => {
    const parts = name.split('/').slice(0, -1);
    return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
  });
  return [...new Set(folders)].sort().map((name) => ({
    name,
    mode: MODE.directory,
    data: new Uint8Array(),
  }));
}

/** The file in an unpacked package that a boot loader starts; by default the kernel. */
export function kernelImage(unpacked: string, prefix = 'vmlinuz-'): string {
  const boot = join(unpacked, 'boot');
  const name = readdirSync(boot).find(
    (file) => file.startsWith(prefix) && !/\.(efi|config)$/.test(file),
  );
  if (name === undefined) throw new Error(`${boot} holds no ${prefix}…`);
  return join(boot, name);
}

/** Where the header of a kernel's file says what it holds (Documentation/arch/x86/boot.rst). */
const SETUP_SECTORS = 0x1f1;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR = 512;

/** Programs that unpack a kernel, by the first byte of what it is packed with. */
const UNPACKERS: Readonly<Record<number, string>> = { 253: 'xz', 40: 'zstd', 31: 'gzip' };

/**
 * The kernel itself out of its compressed file: QEMU starts it as it is, which halves the time that a boot takes
 * without hardware virtualisation.
 */
export function uncompressedKernel(image: Uint8Array): Uint8Array {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const start = ((view.getUint8(SETUP_SECTORS) || 4) + 1) * SECTOR;
  const payload = start + view.getUint32(PAYLOAD_OFFSET, true);
  // Its last four bytes are the length of the kernel, which only gzip has a place for.
  const packed = image.subarray(payload, payload + view.getUint32(PAYLOAD_LENGTH, true));
  const unpacker = UNPACKERS[packed[0] ?? 0];
  if (unpacker === undefined) throw new Error('The kernel is packed in an unknown way.');
  const input = unpacker === 'gzip' ? packed : packed.subarray(0, -4);
  return execFileSync(unpacker, ['-dc'], { input, maxBuffer: 2 ** 30 });
}
