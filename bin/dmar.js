#!/usr/bin/env node
'use strict';
const { load, save } = require('./bytecode.js');

load('./core.cjs')
  .main(process.argv)
  .then((command) => {
    save(command);
    // All is written, and waiting for V8 to tidy up would take longer than most commands. (A thread of
    // scan, which names no command, has its work still before it.)
    if (command !== null) process.exit();
  });
