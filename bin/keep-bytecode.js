'use strict';
const fs = require('node:fs');

const isOurs = (path) => fs.lstatSync(path).uid === process.getuid();

/**
 * Keeps the bytecode of what this run used for the next one; where that fails, the next compiles again.
 * Nothing is written below a home that is another user's, as sudo may leave it.
 *
 * @param folder where the files go; made if it is not there
 * @param home the user's folder that it lies in
 * @param scripts of each file of the program: where its bytecode goes, what goes before it, its script
 */
function keep(folder, home, scripts) {
  try {
    if (fs.existsSync(home) && !isOurs(home)) return;
    fs.mkdirSync(folder, { recursive: true });
    if (!isOurs(folder)) return;
    for (const { cache, head, script } of scripts) {
      const unfinished = `${cache}.${process.pid}`;
      const bytes = Buffer.concat([Buffer.from(head), script.createCachedData()]);
      fs.writeFileSync(unfinished, bytes, { flag: 'wx' });
      fs.renameSync(unfinished, cache);
    }
  } catch {}
}

module.exports = { keep };
