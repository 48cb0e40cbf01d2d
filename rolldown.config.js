import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

/** Modules that stand in for what a dependency loads, because every start would pay for it. */
const SUBSTITUTES = {
  // commander can start other programs; dmar never has it do so.
  'node:child_process': 'module.exports = {};',
  // It is the global of that name; asking for the module takes longer.
  'node:process': 'module.exports = process;',
  // cli-table3 measures each cell, and nearly all are plain: no need to look for emoji in them.
  'string-width': `
    const PLAIN = /^[ -~]*$/;
    module.exports = (text) => PLAIN.test(text) ? text.length : require('string-width/index.js')(text);
  `,
};

const substitutes = {
  name: 'substitutes',
  resolveId: (id) => (Object.hasOwn(SUBSTITUTES, id) ? { id: `\0${id}` } : null),
  load: (id) => (id.startsWith('\0') ? (SUBSTITUTES[id.slice(1)] ?? null) : null),
};

/**
 * What bin/dmar.js counts on: each file begins with a digest of the rest in a comment, then is a
 * function around its module; and it has a byte a character, half of what V8 must read otherwise.
 */
const loadable = {
  name: 'loadable',
  generateBundle(_, chunks) {
    for (const name of ['core.cjs', 'text.cjs']) {
      inlineRuntime(chunks[name], chunks['rolldown-runtime.cjs']);
    }
    for (const chunk of Object.values(chunks)) {
      const code = chunk.code.replace(
        /[^\n -~\t]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      const digest = createHash('sha256').update(code).digest('hex').slice(0, 16);
      chunk.code = `/*${digest}*/(function (require, module, exports, __dirname) {${code}\n})`;
    }
  },
};

/** Most starts need no more than these, so the few lines that the bundler shares among files go into them. */
function inlineRuntime(chunk, { code, fileName }) {
  chunk.code = chunk.code.replace(
    `require("./${fileName}")`,
    () => `(exports => {${code}\nreturn exports})({})`,
  );
}

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

const CORE = /src\/(cli|commands\/map|render\/(map\/json|basics\/source-json))\.ts$/;
const TEXT = /src\/(render\/map\/table|commands\/page)\.ts$/;

export default defineConfig({
  input: { dmar: 'src/cli.ts' },
  platform: 'node',
  // The other form of some libraries loads its parts in a way no bundler can follow.
  resolve: { mainFields: ['module', 'main'] },
  plugins: [substitutes, loadable, licences],
  output: {
    dir: 'dist/program',
    format: 'cjs',
    // In CommonJS `import()` would start up the loader of ES modules.
    dynamicImportInCjs: false,
    minify: true,
    cleanDir: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    // bin/dmar.js loads the core itself.
    minifyInternalExports: false,
    // What a map as JSON needs is one file, and what one as text needs is one more.
    codeSplitting: {
      groups: [
        { name: 'core', test: CORE, priority: 2 },
        { name: 'text', test: TEXT, priority: 1 },
      ],
    },
  },
});
