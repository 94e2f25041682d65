// Acting for another user.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { AuthError, BeProduct, ClientClosedError, ConfigError, ServerError } from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';

import { Simulator } from './simulator.mjs';

let simulator, administrator, whom;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  administrator = recordedClient(simulator.settings);
  const { user_id, impersonation_client_id, impersonation_client_secret } = simulator.at;
  whom = { userId: user_id, clientId: impersonation_client_id, clientSecret: impersonation_client_secret };
});
after(() => simulator.stop());

const usersOf = async () => (await simulator.log()).map(({ user }) => user);
const failure = (promise) => promise.catch((error) => error);

test('calls run as the other user, and are counted together', async () => {
  const client = administrator.actingAs(whom);
  assert.ok(client instanceof BeProduct);
  await Promise.all([1, 2, 3].map((n) => client.style.folders({ extraQuery: { n } })));
  assert.equal((await client.style.list().collect()).length, 5);
  await administrator.style.folders();
  assert.deepEqual(await usersOf(), [...Array(4).fill('sample.manager'), 'sample.designer']);
  const { token, actas } = await simulator.counts();
  assert.deepEqual([token, actas], [2, 1]);
  assert.equal((await client.auth.userinfo()).sub, whom.userId);
  assert.equal((await administrator.quota.status()).used, 5);
  assert.equal((await client.quota.status()).used, 5);
});

test('no call runs as the administrator when there is no token of the other user', async () => {
  await administrator.style.folders();
  await simulator.faults({ path: 'connect/token', times: 0, action: { status: 503 } });
  const client = administrator.actingAs(whom);
  const [called, listed, asked] = await Promise.all(
    [client.style.folders(), client.style.list().collect(), client.auth.userinfo()].map(failure),
  );
  for (const error of [called, listed, asked]) assert.ok(error instanceof ServerError, inspect(error));
  assert.deepEqual(await usersOf(), ['sample.designer']);
});

test('nobody can act for a partner', async () => {
  const client = administrator.actingAs({ ...whom, userId: simulator.at.partner_id });
  const error = await failure(client.style.folders());
  assert.ok(error instanceof AuthError, inspect(error));
  assert.match(error.message, /PRIVATE/);
  assert.deepEqual(await usersOf(), []);
});

test('whom to act for is checked', () => {
  for (const wrong of [
    { ...whom, userId: '' },
    { ...whom, clientSecret: undefined },
    { ...whom, user: 'x' },
    undefined,
    'somebody',
  ]) {
    assert.throws(() => administrator.actingAs(wrong), ConfigError, inspect(wrong));
  }
  assert.throws(() => administrator.actingAs(whom).actingAs(whom), /acts for another user already/);
});

test('it ends with the client that it comes from, and not the other way round', async () => {
  const [one, other] = [administrator.actingAs(whom), administrator.actingAs(whom)];
  await one.close();
  await assert.rejects(one.style.folders(), ClientClosedError);
  assert.equal((await other.style.folders()).length, 4);
  await administrator.close();
  await assert.rejects(other.style.folders(), ClientClosedError);
});

test('a signal ends the wait for a token of the other user', async () => {
  await administrator.style.folders();
  await simulator.faults({ path: 'connect/token', action: { hang: true } });
  const controller = new AbortController();
  const call = administrator.actingAs(whom).style.folders({ signal: controller.signal });
  // The administrator's token, and the exchange.
  await simulator.arrived(2, 'identity');
  controller.abort();
  await assert.rejects(call, { name: 'CallCancelledError', cause: controller.signal.reason });
  await simulator.release();
});

test('nothing that is shown holds a secret', async () => {
  const client = administrator.actingAs({ ...whom, clientSecret: 'MARKER-impersonation' });
  assert.equal(inspect(client), `BeProduct { companyDomain: 'acme', userId: '${whom.userId}' }`);
  const error = await failure(client.style.folders());
  assert.ok(error instanceof AuthError, inspect(error));
  const shown = [client, client.auth, error].map((value) => inspect(value, { depth: 9, showHidden: true }));
  assert.ok(!`${shown}${JSON.stringify(error)}`.includes('MARKER'));
});
