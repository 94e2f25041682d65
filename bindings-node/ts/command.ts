#!/usr/bin/env node
// The `beproduct` command.

import native from './native.cjs';

process.exitCode = native.runCommand(['beproduct', ...process.argv.slice(2)]);
