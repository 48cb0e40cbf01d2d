import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { PAGES, readPage, rulePages, withSamples } from './docs.js';

// Run from the project's root: makes the pages of the rules and the samples in all others anew.
rmSync('docs/rules', { recursive: true, force: true });
mkdirSync('docs/rules', { recursive: true });
for (const [name, text] of rulePages()) writeFileSync(`docs/rules/${name}`, text);
for (const page of PAGES) writeFileSync(page, await withSamples(readPage(page)));
