#!/usr/bin/env node
import '../dist/program/dmar.js';
