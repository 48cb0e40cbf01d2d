import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { minifySync } from '@swc/core';
import { transformSync } from 'esbuild';
import { defineConfig } from 'rolldown';

/** Libraries that went into the program ask that their licences go with it. */
const licences = {
  name: 'licences',
  generateBundle(_, chunks) {
    const modules = Object.values(chunks)
      .flatMap((chunk) => chunk.moduleIds ?? [])
      .filter((id) => !id.startsWith('\0'));
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

/** Source expression of a Content-Security-Policy for an inline script or style. */
const sourceHash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Loads at once what modules load later: in one file it is there anyway, and needs no wrapping then. */
const atOnce = {
  name: 'at-once',
  transform: {
    filter: { id: /\/src\/.*\.ts$/, code: 'await import(' },
    handler(code) {
      const imports = [];
      const body = code
        .replace(/const (\{.*?\}) = await import\(('[^']+')\);/g, (_, names, module) => {
          imports.push(`import ${names.replaceAll(':', ' as ')} from ${module};`);
          return '';
        })
        .replace(/await import\(('[^']+')\)/g, (_, module) => {
          imports.push(`import * as later${imports.length} from ${module};`);
          return `later${imports.length - 1}`;
        });
      return { code: `${imports.join('')}${body}`, map: null };
    },
  },
};

/** How the decompressor for xz makes bytes of the WebAssembly that it holds as text. */
const FROM_BASE64 = 'Uint8Array.from(atob(base64Wasm), c => c.charCodeAt(0))';

/** Has that WebAssembly compressed: in base64 it would be a twentieth of the page, and few pages open an xz file. */
const packedWasm = {
  name: 'packed-wasm',
  transform: {
    filter: { id: /\/xz-decompress\.js$/ },
    handler(code) {
      const base64 = /"data:application\/wasm;base64,([\w+/=]+)"/.exec(code)?.[1];
      if (base64 === undefined || !code.includes(`${FROM_BASE64}.buffer`)) {
        throw new Error('xz-decompress holds its WebAssembly in another way than it did.');
      }
      const packed = gzipSync(Buffer.from(base64, 'base64'), { level: 9 }).toString('base64');
      const unpacked = `await new Response(new Blob([${FROM_BASE64}]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer()`;
      return {
        code: code.replace(base64, packed).replace(`${FROM_BASE64}.buffer`, unpacked),
        map: null,
      };
    },
  },
};

/**
 * Makes of the page's script, style and markup one file that asks nobody for anything: its policy lets in what
 * it holds itself, and pictures that it draws. The decompressor for xz is WebAssembly.
 */
const onePage = {
  name: 'one-page',
  generateBundle(_, chunks) {
    const [file] = Object.keys(chunks).filter((name) => name.endsWith('.js'));
    // This second one makes variables of objects' properties, which saves a sixtieth. Of functions that arrows are made
    // of none is called with `new`, and none is asked how many arguments it takes; browser tests run each library.
    const { code } = minifySync(chunks[file].code, {
      ecma: 2022,
      compress: {
        passes: 4,
        ecma: 2022,
        hoist_props: true,
        unsafe_arrows: true,
        keep_fargs: false,
      },
      mangle: true,
      format: { comments: 'some' },
    });
    // No text in the script can end it.
    const script = code.trim().replaceAll('</script', '<\\/script');
    delete chunks[file];
    const style = transformSync(readFileSync('src/web/style.css', 'utf8'), {
      loader: 'css',
      minify: true,
    }).code.trim();
    const policy = [
      "default-src 'none'",
      `script-src ${sourceHash(script)} 'wasm-unsafe-eval'`,
      `style-src ${sourceHash(style)}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ].join('; ');
    const parts = { POLICY: policy, STYLE: style, SCRIPT: script };
    const html = readFileSync('src/web/index.html', 'utf8').replace(/\n\s*/g, '\n');
    const source = html.replace(/%(POLICY|STYLE|SCRIPT)%/g, (_, part) => parts[part]);
    this.emitFile({ type: 'asset', fileName: 'dmar.html', source });
  },
};

/**
 * What is one file of the program, by the modules that ask for what else is in it; what an earlier one has, a later one
 * has not. To open a file costs Node as much as 8 kB of program that it reads in vain.
 */
const FILES = {
  start: /src\/standalone\.ts$/,
  core: /src\/(commands\/map|render\/(map\/json|basics\/source-json)|(xen|regions\/of-).*)\.ts$/,
  text: /src\/render\/map\/table\.ts$/,
  host: /src\/read\/(host|host-tree|open-tree)\.ts$/,
  linux: /src\/linux\/.*\.ts$/,
  rules: /src\/(check\/rules|answers\/check|render\/check\/json)\.ts$/,
  check: /src\/(commands|render)\/check(\/table)?\.ts$/,
  devices: /src\/(commands|render)\/devices(\/table)?\.ts$/,
  guest: /src\/(commands|render)\/guest(\/table)?\.ts$/,
  explain: /src\/(commands|render)\/explain(\/table)?\.ts$/,
};

/** The commit this is built of; undefined where it is no checkout. */
function commit() {
  try {
    const args = ['describe', '--always', '--dirty', '--exclude', '*'];
    return execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** What the program and the library have in common. */
const common = {
  // The other form of some libraries loads its parts in a way no bundler can follow.
  resolve: { mainFields: ['module', 'main'] },
  plugins: [licences],
  transform: { define: { __COMMIT__: JSON.stringify(commit()) ?? 'undefined' } },
  checks: { ineffectiveDynamicImport: false },
};

export default defineConfig([
  {
    ...common,
    input: { dmar: 'src/standalone.ts' },
    platform: 'node',
    output: {
      dir: 'dist/program',
      // Node starts such files in less time than modules: it has no need of its second loader, which runs in promises.
      format: 'cjs',
      dynamicImportInCjs: false,
      minify: true,
      cleanDir: true,
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
      codeSplitting: {
        groups: Object.entries(FILES).map(([name, test], i) => ({ name, test, priority: 9 - i })),
      },
    },
  },
  {
    ...common,
    input: { index: 'src/index.ts' },
    platform: 'browser',
    output: { dir: 'dist', entryFileNames: '[name].js', codeSplitting: false },
  },
  {
    ...common,
    input: { page: 'src/web/main.ts' },
    platform: 'browser',
    resolve: { mainFields: ['browser', 'module', 'main'] },
    treeshake: {
      propertyReadSideEffects: false,
      unknownGlobalSideEffects: false,
      // These tell a library's users of a wrong argument; the compiler has looked at the page's.
      manualPureFunctions: ['requireBytes', 'requireText', 'requireObject'],
    },
    plugins: [atOnce, packedWasm, licences, onePage],
    output: {
      dir: 'dist/web',
      cleanDir: true,
      format: 'iife',
      minify: true,
      comments: { annotation: false, jsdoc: false },
      entryFileNames: '[name].js',
      codeSplitting: false,
    },
  },
]);
