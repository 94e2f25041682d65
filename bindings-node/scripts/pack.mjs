// Packs what was built into two archives in target/dist: the native library of this machine, and the package, which
// names every platform's library as an optional dependency. `--library` is the file to pack as native library; by
// default it is that of build-native.mjs.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { file, target } from './native.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));
const { library } = parseArgs({
  options: { library: { type: 'string', default: join(folder, file) } },
}).values;
const archives = join(folder, '../target/dist');
const read = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8'));
const pack = (from) =>
  execFileSync('npm', ['pack', '--silent', '--pack-destination', archives], { cwd: from, stdio: 'inherit' });

mkdirSync(archives, { recursive: true });
copyFileSync(library, join(folder, 'npm', target, file));
pack(join(folder, 'npm', target));

const staged = mkdtempSync(join(tmpdir(), 'beproduct-client-'));
try {
  const { scripts, devDependencies, ...published } = read('package.json');
  const platforms = readdirSync(join(folder, 'npm')).map((name) => read(join('npm', name, 'package.json')));
  published.optionalDependencies = Object.fromEntries(platforms.map(({ name, version }) => [name, version]));
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  for (const part of ['dist', 'examples'])
    cpSync(join(folder, part), join(staged, part), { recursive: true });
  copyFileSync(join(folder, 'README.md'), join(staged, 'README.md'));
  pack(staged);
} finally {
  rmSync(staged, { recursive: true });
}
