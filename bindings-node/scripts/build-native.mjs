// Builds the native library for this machine and puts it where the package looks for it. `--profile` chooses Cargo's
// profile: `ci` (the default) is quick to build, `release` is what is published.

import { spawnSync } from 'node:child_process';
import { copyFileSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HOSTS = {
  'linux-x64': { target: 'linux-x64-gnu', library: 'libbeproduct_node.so' },
};

const { profile } = parseArgs({ options: { profile: { type: 'string', default: 'ci' } } }).values;
const host = HOSTS[`${process.platform}-${process.arch}`];
if (!host) throw new Error(`this script does not know ${process.platform}-${process.arch} yet`);

const cargo = spawnSync(
  'cargo',
  ['build', '--profile', profile, '-p', 'beproduct-node', '--message-format', 'json-render-diagnostics'],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  },
);
if (cargo.error) throw cargo.error;
if (cargo.status !== 0) process.exit(cargo.status ?? 1);

const library = cargo.stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .flatMap((line) => JSON.parse(line).filenames ?? [])
  .find((name) => name.endsWith(host.library));

// Renamed into place, as a process may have the present one mapped.
const place = fileURLToPath(new URL(`../beproduct-client.${host.target}.node`, import.meta.url));
copyFileSync(library, `${place}.new`);
renameSync(`${place}.new`, place);
console.log(place);
