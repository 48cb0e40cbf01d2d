import { describe, expect, it } from 'vitest';
import { parseSbdf, type Sbdf } from '../../../src/base/sbdf.js';
import { fwtsComplaint } from '../../../src/check/dmar/fwts.js';
import { PciTopology } from '../../../src/machine/pci-topology.js';
import { linuxVectorFolders, readLines } from '../../support/linux-vectors.js';

/** A table of which fwts complains, and the lines of its complaint. */
interface FwtsVector {
  name: string;
  table: string;
  pci: Record<string, { config: string }>;
  fwts: string[];
}

const isFwts = (file: string) => file.startsWith('fwts');
const folders = linuxVectorFolders().filter(
  (folder) => readLines<FwtsVector>(folder, isFwts).length > 0,
);

// Its tables are others', so they are where they were recorded alone.
describe.skipIf(folders.length === 0)('fwts', () => {
  it.each(folders)('complains as the model of it does: %s', (folder) => {
    const vectors = readLines<FwtsVector>(folder, isFwts);
    const wrong = vectors.flatMap(({ name, table, pci, fwts }) => {
      const functions = Object.entries(pci).map(([bdf, { config }]) => ({
        ...(parseSbdf(bdf) as Sbdf),
        config: Uint8Array.from(Buffer.from(config, 'hex')),
      }));
      const bytes = Uint8Array.from(Buffer.from(table, 'hex'));
      const complaint = fwtsComplaint(bytes, new PciTopology(functions));
      const said = complaint === 'hang' ? 'HANG' : (complaint ?? 'nothing');
      return fwts.some((line) => line.includes(said)) ? [] : [`${name}: ${said}, not ${fwts}`];
    });
    console.log(`${folder}: ${vectors.length} tables, ${wrong.length} wrong`);
    expect(wrong).toEqual([]);
  });
});
