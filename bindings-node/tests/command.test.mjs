import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { BeProduct } from 'beproduct-client';

import { Simulator } from './simulator.mjs';

const PACKAGE = join(import.meta.dirname, '..');
const { bin, version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
after(() => simulator.stop());

const run = (...args) =>
  spawnSync(process.execPath, [join(PACKAGE, bin.beproduct), ...args], { encoding: 'utf8' });

test('the command shows the quota of what Node sent', async () => {
  const ledger = join(simulator.settings.stateDir, 'quota.sqlite');
  const client = new BeProduct({ ...simulator.settings, ledger: { sqlite: ledger } });
  await client.style.folders({}, { label: 'tree' });
  const { company, api } = simulator.at;
  const account = ['--company', company, '--api-url', api, '--ledger', ledger, '--requests-per-day', '10'];
  const shown = run('quota', ...account, '--json');
  assert.equal(shown.status, 0, shown.stderr);
  const { used, remaining, usage } = JSON.parse(shown.stdout);
  assert.deepEqual([used, remaining], [1, 9]);
  assert.deepEqual(usage, [{ operation: 'style.folders', label: 'tree', requests: 1 }]);
  assert.match(run('quota', ...account).stdout, /9 of 10 requests left/);
});

test('wrong arguments are refused', () => {
  const { status, stdout, stderr } = run('quota');
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /--company/);
  assert.equal(run('--version').stdout, `beproduct ${version}\n`);
});
