import { readHost } from '../evidence/host.js';
import type { Tree } from '../evidence/tree.js';
import type { Host } from '../machine/host.js';
import { readPciNames } from './pci-names.js';

/** What is known of the machine that a tree shows; names of devices are this machine's where it has none. */
export const hostOfTree = (tree: Tree): Host => readHost(tree, readPciNames);
