'use strict';
/**
 * Loads the built program with V8's bytecode of what earlier runs used: compiling the program takes
 * longer than the work on most tables. (Node's own compile cache, which came with 22.1, leaves out
 * every function that is compiled when it is first called.)
 *
 * The bytecode lies in $XDG_CACHE_HOME/dmar, by default ~/.cache/dmar, one folder a command, behind the
 * digest that the program's file begins with; it is used only where the two digests are the same and the
 * file is this user's. Nothing depends on it: where it is missing, stale or refused by V8, the text is
 * compiled. Nothing is written below a home that is another user's, as sudo may leave it, nor with
 * NODE_DISABLE_COMPILE_CACHE=1, which switches Node's own off as well.
 */
const fs = require('node:fs');
const { Script } = require('node:vm');

const { HOME, XDG_CACHE_HOME, NODE_DISABLE_COMPILE_CACHE } = process.env;
const base = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
const program = `${__dirname}/../dist/program/`;

/** The command whose bytecode is looked for; one that is none has no folder. */
const [, , first = ''] = process.argv;
const word = /^[a-z]+$/.test(first) ? first : 'map';
const folder = base && !NODE_DISABLE_COMPILE_CACHE && process.getuid && `${base}/dmar/${word}`;

const modules = new Map();
const uncached = [];

/** Loads a file of the program once, as `require` does. */
function load(id) {
  if (!id.startsWith('./')) return require(id);
  let module = modules.get(id);
  if (module === undefined) {
    module = { exports: {} };
    modules.set(id, module);
    compile(id.slice(2))(load, module, module.exports, program);
  }
  return module.exports;
}

function compile(name) {
  // The build leaves nothing but ASCII in the text: a digest as a comment, a function around the module.
  const text = fs.readFileSync(program + name, 'latin1');
  const digest = text.slice('/*'.length, text.indexOf('*/'));
  const cache = `${folder}/${name}-${process.version}-${process.arch}`;
  const cachedData = folder ? cachedCode(cache, digest) : undefined;
  const script = new Script(text, { filename: program + name, cachedData });
  if (cachedData === undefined || script.cachedDataRejected) {
    uncached.push({ cache, digest, script });
  }
  return script.runInThisContext();
}

function cachedCode(cache, digest) {
  try {
    const fd = fs.openSync(cache);
    try {
      const { size, uid } = fs.fstatSync(fd);
      const bytes = Buffer.allocUnsafeSlow(size);
      fs.readSync(fd, bytes);
      const fits = uid === process.getuid() && bytes.latin1Slice(0, digest.length) === digest;
      return fits ? bytes.subarray(digest.length) : undefined;
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

const isOurs = (path) => fs.lstatSync(path).uid === process.getuid();

/**
 * Keeps the bytecode of what this run used; where that fails, the next run compiles again.
 *
 * @param command what was run; words that name none leave nothing behind
 */
function save(command) {
  if (!folder || uncached.length === 0 || command !== word) return;
  try {
    const home = XDG_CACHE_HOME || HOME;
    if (fs.existsSync(home) && !isOurs(home)) return;
    fs.mkdirSync(folder, { recursive: true });
    if (!isOurs(folder)) return;
    for (const { cache, digest, script } of uncached) {
      const unfinished = `${cache}.${process.pid}`;
      const bytes = Buffer.concat([Buffer.from(digest), script.createCachedData()]);
      fs.writeFileSync(unfinished, bytes, { flag: 'wx' });
      fs.renameSync(unfinished, cache);
    }
  } catch {}
}

module.exports = { load, save };
