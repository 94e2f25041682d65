// HTTPS with a certificate that nobody on this machine trusts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { BeProduct, NetworkError } from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--tls', '--styles', '5', '--materials', '0', '--table-rows', '10');
});
after(() => simulator.stop());

test('an unknown authority is refused', async () => {
  const error = await recordedClient(simulator.settings)
    .system.version()
    .catch((error) => error);
  assert.ok(error instanceof NetworkError);
  assert.deepEqual([error.kind, error.outcome], ['network', 'not_sent']);
  assert.match(error.message, /ca_certificates/);
});

test('an authority that was given is trusted', async () => {
  const caCertificates = readFileSync(simulator.at.ca, 'utf8');
  const client = new BeProduct({ ...simulator.settings, caCertificates });
  assert.equal((await client.system.version()).version, 'simulator');
  assert.equal((await client.style.list().collect()).length, 5);
});
