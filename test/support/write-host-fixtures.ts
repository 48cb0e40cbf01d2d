import { rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { packArchive } from '../../src/write/archive.js';
import { readHostFixtures } from './host-fixtures.js';
import { writeTree } from './host-tree.js';

// Run by `npm run fixtures`, from the project's root.
for (const { name, root, files } of readHostFixtures('fixtures')) {
  rmSync(root, { recursive: true, force: true });
  writeTree(files, root);
  // npm leaves symbolic links out of packages, so that these hold the archive instead of the tree.
  const archive = await packArchive(files, `${name}-host`, new Date('2026-01-01T00:00:00Z'));
  writeFileSync(`${root}.tar.gz`, gzipSync(archive));
}
