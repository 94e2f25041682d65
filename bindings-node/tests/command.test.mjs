import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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

const command = (...args) => [process.execPath, [join(PACKAGE, bin.beproduct), ...args]];
const environment = () => ({
  ...process.env,
  BEPRODUCT_CREDENTIALS_FILE: simulator.file('credentials.toml'),
  BEPRODUCT_PROFILE: 'shop',
});

const run = (...args) => spawnSync(...command(...args), { encoding: 'utf8', env: environment() });

/** Begins `beproduct login`; resolves when it has shown the address. */
const login = async () => {
  const { company, api, identity, public_client_id } = simulator.at;
  const child = spawn(...command('login', '--no-browser', '--free-port', '--client-id', public_client_id), {
    env: {
      ...environment(),
      BEPRODUCT_COMPANY_DOMAIN: company,
      BEPRODUCT_API_URL: api,
      BEPRODUCT_IDENTITY_URL: identity,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let shown = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    shown += chunk;
    const [url] = shown.match(/https?:\S+\/connect\/authorize\S*(?=\n)/) ?? [];
    if (url) return { child, url, ended };
  }
  throw new Error(`no address was shown: ${shown}`);
};

test('the command shows the quota of what Node sent', async () => {
  const ledger = join(simulator.settings.stateDir, 'quota.sqlite');
  const client = new BeProduct({ ...simulator.settings, ledger: { sqlite: ledger } });
  await client.style.folders({ label: 'tree' });
  const { company, api } = simulator.at;
  const account = ['--company-domain', company, '--api-url', api];
  account.push('--ledger', ledger, '--requests-per-day', '10');
  const shown = run('quota', ...account, '--json');
  assert.equal(shown.status, 0, shown.stderr);
  const { used, remaining, usage } = JSON.parse(shown.stdout);
  assert.deepEqual([used, remaining], [1, 9]);
  assert.deepEqual(usage, [{ operation: 'style.folders', label: 'tree', requests: 1 }]);
  assert.match(run('quota', ...account).stdout, /9 of 10 requests left/);
});

test('wrong arguments are refused', () => {
  const { status, stdout, stderr } = run('quota');
  assert.deepEqual([status, stdout], [64, '']);
  assert.match(stderr, /--company-domain/);
  assert.equal(run('--version').stdout, `beproduct ${version}\n`);
});

test('a person signs in, is known to programs, and signs out', async () => {
  const { child, url, ended } = await login();
  const output = text(child.stdout);
  child.stderr.resume();
  assert.equal((await fetch(await simulator.authorize(url))).status, 200);
  assert.deepEqual(await ended, [0, null]);
  assert.match(await output, /^Signed in as profile "shop"/);
  const { username } = JSON.parse(run('whoami', '--json').stdout);
  assert.equal(username, simulator.at.username);
  assert.match(run('logout').stdout, /the refresh token is revoked/);
  assert.equal(run('whoami').status, 1);
});

test('Ctrl-C ends the wait for a person', async () => {
  const { child, ended } = await login();
  child.kill('SIGINT');
  assert.deepEqual(await ended, [null, 'SIGINT']);
});
