// Builds the native library for this machine and puts it where the package looks for it. `--profile` chooses Cargo's
// profile: `ci` (the default) is quick to build, `release` is what is published. `--features` are Cargo's.

import { spawnSync } from 'node:child_process';
import { copyFileSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { built, file } from './native.mjs';

const { profile, features } = parseArgs({
  options: { profile: { type: 'string', default: 'ci' }, features: { type: 'string', default: '' } },
}).values;
const folder = fileURLToPath(new URL('..', import.meta.url));

const cargo = spawnSync(
  'cargo',
  [
    'build',
    ...['--profile', profile, '-p', 'beproduct-node', '--features', features],
    ...['--message-format', 'json-render-diagnostics'],
  ],
  { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 64 << 20 },
);
if (cargo.error) throw cargo.error;
if (cargo.status !== 0) process.exit(cargo.status ?? 1);

const library = cargo.stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .flatMap((line) => JSON.parse(line).filenames ?? [])
  .find((name) => name.endsWith(built));

// Renamed into place, as a process may have the present one mapped.
copyFileSync(library, `${folder}${file}.new`);
renameSync(`${folder}${file}.new`, `${folder}${file}`);
console.log(`${folder}${file}`);
