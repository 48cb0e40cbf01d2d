import { tableOfBytes } from '../../src/acpi/tables.js';
import type { Evidence } from '../../src/answers/evidence.js';
import { filesTree, type TreeFiles } from '../../src/evidence/files-tree.js';
import { readHost } from '../../src/evidence/host.js';

/** A table as evidence, and the files of its machine where there are any. */
export const evidenceOf = (bytes: Uint8Array, files: TreeFiles | null = null): Evidence => ({
  source: {
    ...{ kind: 'table', form: 'binary', path: 'table', verbatim: true },
    table: tableOfBytes(bytes) ?? 'DMAR',
    signature: tableOfBytes(bytes) ?? 'DMAR',
    ...{ bytes, sha256: '', notes: [], completeness: 'whole', log: null, hostTree: null },
  },
  host: files === null ? null : readHost(filesTree('host', files)),
});
