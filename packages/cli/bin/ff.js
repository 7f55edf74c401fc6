#!/usr/bin/env node
// A file of its own, because npm links only what is there before the first build.
require('../dist/main.js');
