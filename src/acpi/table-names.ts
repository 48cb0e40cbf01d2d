/** What the ACPI tables that people mistake for, or find beside, a DMAR table are about. */
const TABLE_NAMES: Readonly<Record<string, string>> = {
  APIC: 'interrupt controllers',
  ASF: 'alert standard format',
  BERT: 'boot errors',
  BGRT: 'boot logo',
  BOOT: 'simple boot flags',
  DBG2: 'debug ports',
  DBGP: 'debug port',
  DSDT: 'devices and methods',
  ECDT: 'embedded controller',
  EINJ: 'error injection',
  ERST: 'error record storage',
  FACP: 'fixed hardware',
  FACS: 'firmware control',
  FPDT: 'boot performance',
  HEST: 'hardware errors',
  HPET: 'event timer',
  IORT: 'I/O remapping of ARM machines',
  IVRS: 'I/O virtualisation of AMD machines',
  LPIT: 'low power idle',
  MCFG: 'PCI configuration space',
  MSDM: 'Windows licence',
  NFIT: 'non-volatile memory',
  PPTT: 'processor topology',
  RSDT: 'list of tables',
  SLIC: 'Windows licence',
  SLIT: 'distances between nodes',
  SRAT: 'nodes of processors and memory',
  SSDT: 'further devices and methods',
  TPM2: 'trusted platform module',
  UEFI: 'firmware data',
  VIOT: 'virtual I/O translation',
  WAET: 'emulated devices of a virtual machine',
  WSMT: 'Windows SMM security',
  XSDT: 'list of tables',
};

/** A table's signature and, where it is a common one, what it is about: `MCFG (PCI configuration space)`. */
function describeTable(signature: string): string {
  const name = TABLE_NAMES[signature.trimEnd().replace(/!$/, '')];
  return name === undefined ? signature : `${signature} (${name})`;
}

/** Names tables that are there instead of a DMAR table: `the MCFG table (…)` or `the tables APIC, SSDT (3) and XSDT`. */
export function describeTables(signatures: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const signature of signatures) counts.set(signature, (counts.get(signature) ?? 0) + 1);
  const [first] = counts.keys();
  if (first === undefined) return 'no table at all';
  if (counts.size === 1 && signatures.length === 1)
    return `an ${describeTable(first)} table`.replace(/^an (?![AEFHILMNORSX])/, 'a ');
  const names = [...counts].map(([name, n]) => (n === 1 ? name : `${name} (${n} times)`));
  const last = names.pop();
  return `the tables ${names.length === 0 ? last : `${names.join(', ')} and ${last}`}`;
}
