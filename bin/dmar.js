#!/usr/bin/env node
'use strict';
/**
 * Loads the built program with V8's bytecode of what earlier runs used, since compiling the program takes
 * longer than the work on most tables, and runs it. (Node's own compile cache, which came with 22.1, leaves
 * out every function that is compiled when it is first called.) Loading a second file takes longer than
 * reading this one, so only what few runs need is in another: keep-bytecode.js.
 *
 * The bytecode lies in $XDG_CACHE_HOME/dmar, by default ~/.cache/dmar, one folder a command and kind of
 * output, behind the digest that the program's file begins with and how often it has been kept anew: the
 * first few runs add what they used and others did not. It is used only where the two digests are the same
 * and the file is this user's. Nothing depends on it: where it is missing, stale or refused by V8, the text
 * is compiled. NODE_DISABLE_COMPILE_CACHE=1 switches it off, as it does Node's own.
 */
const fs = require('node:fs');
const { Script } = require('node:vm');

const { HOME, XDG_CACHE_HOME, NODE_DISABLE_COMPILE_CACHE } = process.env;
const base = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
const program = `${__dirname}/../dist/program/`;

/** The command whose bytecode is looked for; one that is none has no folder. */
const [, , first = ''] = process.argv;
const word = /^[a-z]+$/.test(first) ? first : 'map';
/** What prints JSON and what prints a page call different functions. */
const use = process.argv.includes('--json') ? `${word}-json` : word;
const folder = base && !NODE_DISABLE_COMPILE_CACHE && process.getuid && `${base}/dmar/${use}`;

/** Runs that keep bytecode anew, at most 10: the number of each is a digit. */
const ROUNDS = 8;

const modules = new Map();
const growing = [];

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
  const { round, cachedData } = (folder && cachedCode(cache, digest)) || { round: -1 };
  const script = new Script(text, { filename: program + name, cachedData });
  const next = script.cachedDataRejected ? 0 : round + 1;
  if (next < ROUNDS) growing.push({ cache, head: digest + next, script });
  return script.runInThisContext();
}

function cachedCode(cache, digest) {
  try {
    const fd = fs.openSync(cache);
    try {
      const { size, uid } = fs.fstatSync(fd);
      const bytes = Buffer.allocUnsafeSlow(size);
      fs.readSync(fd, bytes);
      const head = bytes.latin1Slice(0, digest.length + 1);
      if (uid !== process.getuid() || !head.startsWith(digest)) return undefined;
      return { round: Number(head.at(-1)), cachedData: bytes.subarray(head.length) };
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

load('./core.cjs')
  .main(process.argv)
  .then((command) => {
    // What a run that failed used is not what others need.
    if (folder && growing.length > 0 && command === word) {
      require('./keep-bytecode.js').keep(folder, XDG_CACHE_HOME || HOME, growing);
    }
    // All is written, and waiting for V8 to tidy up would take longer than most commands. (A thread of
    // scan, which names no command, has its work still before it.)
    if (command !== null) process.exit();
  });
