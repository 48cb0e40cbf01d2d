import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

/** Libraries that went into the program ask that their licences go with it. */
const licences = {
  name: 'licences',
  generateBundle(_, chunks) {
    const modules = Object.values(chunks).flatMap((chunk) => chunk.moduleIds ?? []);
    const folders = modules.flatMap(
      (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [],
    );
    const source = [...new Set(folders)].sort().map(licenceOf).join('\n');
    this.emitFile({ type: 'asset', fileName: 'LICENCES.txt', source });
  },
};

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : `\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
  return `${name} ${version}, licence ${license}\n${text}`;
}

const CORE = /src\/(standalone|commands\/map|render\/(map\/json|basics\/source-json))\.ts$/;
const TEXT = /src\/(render\/map\/table|commands\/terminal)\.ts$/;

/** What the program and the library have in common. */
const common = {
  // The other form of some libraries loads its parts in a way no bundler can follow.
  resolve: { mainFields: ['module', 'main'] },
  plugins: [licences],
  checks: { ineffectiveDynamicImport: false },
};

export default defineConfig([
  {
    ...common,
    input: { dmar: 'src/standalone.ts' },
    platform: 'node',
    output: {
      dir: 'dist/program',
      minify: true,
      cleanDir: true,
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      // What a map as JSON needs is one file, and what one as text needs is one more.
      codeSplitting: {
        groups: [
          { name: 'core', test: CORE, priority: 2 },
          { name: 'text', test: TEXT, priority: 1 },
        ],
      },
    },
  },
  {
    ...common,
    input: { index: 'src/index.ts' },
    platform: 'browser',
    output: { dir: 'dist', entryFileNames: '[name].js', codeSplitting: false },
  },
]);
