#!/usr/bin/env node
require('../dist/program/dmar.cjs');
