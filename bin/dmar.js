#!/usr/bin/env node
'use strict';
const { load, save } = require('./bytecode.js');

load('./core.cjs').main(process.argv).then(save);
