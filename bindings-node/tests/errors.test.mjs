import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import * as api from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';

import { Simulator } from './simulator.mjs';

let simulator, client;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  client = recordedClient({ ...simulator.settings, maxWait: 10 });
});
after(() => simulator.stop());

const failure = async (...actions) => {
  await simulator.faults(...actions.map((action) => ({ path: 'Folders', times: 0, action })));
  return client.style.folders().catch((error) => error);
};

for (const [action, name, kind] of [
  [{ status: 403 }, 'PermissionDeniedError', 'permission'],
  [{ status: 404, body: 'gone' }, 'NotFoundError', 'not_found'],
  [{ status: 400, body: 'bad' }, 'ValidationError', 'validation'],
  [{ status: 429, headers: { 'retry-after': '3600' } }, 'RateLimitedError', 'rate_limited'],
  [{ status: 500 }, 'ServerError', 'server'],
  [{ reset: 'before' }, 'NetworkError', 'network'],
  [{ status: 200, body: '<html>' }, 'DecodeError', 'decode'],
]) {
  test(`${JSON.stringify(action)} is a ${name}`, async () => {
    const error = await failure(action);
    assert.ok(error instanceof api[name] && error instanceof api.BeProductError && error instanceof Error);
    assert.deepEqual([error.name, error.kind], [name, kind]);
    assert.ok(error.stack.startsWith(`${name}: ${error.message}`), error.stack);
  });
}

test('a number out of its bounds is refused by the name of its setting', () => {
  const open = (name, number) => () => new api.BeProduct({ ...simulator.settings, [name]: number });
  const refused = (name, number) =>
    assert.throws(open(name, number), (error) => {
      const asEngine = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      assert.ok(error instanceof api.ConfigError, inspect(error));
      assert.ok(
        [name, asEngine].some((name) => error.message.includes(name)),
        error.message,
      );
      return true;
    });
  for (const name of ['attempts', 'concurrency', 'maxAnswerSize', 'maxPageSize', 'quotaLease']) {
    for (const number of [-1, 0, 1.5, true, '4', 1e18, 2 ** 64, 10n ** 30n, -1n, 1e300, NaN, Infinity]) {
      refused(name, number);
    }
  }
  for (const name of ['timeout', 'turnTimeout', 'idleTimeout', 'connectTimeout', 'maxWait', 'quotaWait']) {
    for (const seconds of [-1, 0, true, '4', 2 ** 64, 10n ** 30n, 1e300, NaN, Infinity])
      refused(name, seconds);
  }
  assert.throws(
    open('concurrency', 1e11),
    /concurrency has to be a whole number from 1 to 10000, not 100000000000/,
  );
});

test('an error has all that is known', async () => {
  const error = await failure({ status: 503, body: 'under repair', headers: { 'x-request-id': 'r-1' } });
  const { attempts, waits, url, ...fields } = error;
  assert.deepEqual(fields, {
    kind: 'server',
    status: 503,
    retryable: true,
    outcome: 'refused',
    requestId: 'r-1',
    operation: 'style.folders',
    method: 'GET',
    bodyExcerpt: 'under repair',
  });
  assert.deepEqual([attempts.length, waits.length], [4, 3]);
  assert.equal(url, `${simulator.at.api}/api/acme/Style/Folders`);
  assert.equal(error.message, 'under repair');
});

test('the wait that the service asks for is in seconds', async () => {
  assert.equal((await failure({ status: 429, headers: { 'retry-after': '3600' } })).retryAfter, 3600);
});

test('a network failure tells what is below it', async () => {
  const nowhere = new api.BeProduct({
    ...simulator.settings,
    accessToken: 'token',
    refreshToken: undefined,
    apiUrl: 'http://127.0.0.1:9',
    attempts: 1,
  });
  const error = await nowhere.style.folders().catch((error) => error);
  assert.ok(error instanceof api.NetworkError);
  assert.equal(error.outcome, 'not_sent');
  assert.match(inspect(error), /\[cause\]/);
});

test('a refused sign-in is an AuthError with the code of the identity server', async () => {
  const stranger = recordedClient({ ...simulator.settings, refreshToken: 'nobody-knows-it' });
  const error = await stranger.style.folders().catch((error) => error);
  assert.ok(error instanceof api.AuthError);
  assert.equal(error.code, 'invalid_grant');
  assert.ok(!inspect(error).includes('nobody-knows-it'));
});

test('the outcome of every row is in the details', async () => {
  await simulator.faults({ path: 'Update', times: 0, action: { status: 400, body: 'no' } });
  const rows = Array.from({ length: 101 }, () => ({ rowFields: { a: 1 } }));
  const error = await client.dataTables.update(simulator.at.data_table, { rows }).catch((error) => error);
  assert.ok(error instanceof api.ValidationError);
  assert.equal(error.details.rows.length, 101);
  assert.equal(error.details.rows[100].outcome, 'not_sent');
});

test('a timeout says so', async () => {
  await simulator.faults({ path: 'Folders', action: { hang: true } });
  const call = client.style.folders({ timeout: 5, attempts: 1 });
  await simulator.arrived(1);
  client.advance(6);
  await assert.rejects(call, { name: 'CallTimeoutError', kind: 'timeout', retryable: true });
  await simulator.release();
});

test('an error survives a copy, and its fields do as JSON', async () => {
  const error = await failure({ status: 404, body: 'gone' });
  const copy = structuredClone(error);
  assert.ok(copy instanceof Error);
  assert.deepEqual([copy.message, copy.stack], [error.message, error.stack]);
  const again = api.BeProductError.fromJSON(structuredClone(error.toJSON()));
  assert.ok(again instanceof api.NotFoundError);
  assert.deepEqual(again.toJSON(), error.toJSON());
  assert.deepEqual(JSON.parse(JSON.stringify(error)), error.toJSON());
});

test('the cause of an error is in its JSON', () => {
  const error = new api.NetworkError({ message: 'lost' }, { cause: new Error('reset by peer') });
  assert.equal(error.toJSON().cause, 'Error: reset by peer');
});

test('an error that a test makes has what is absent', () => {
  const cause = new Error('below');
  const error = new api.ValidationError({ message: 'no', status: 400, outcome: undefined }, { cause });
  assert.ok(error instanceof api.BeProductError && error.stack.startsWith('ValidationError: no'));
  assert.equal(error.cause, cause);
  const { kind, status, retryable, outcome, attempts, waits } = error;
  assert.deepEqual(
    { kind, status, retryable, outcome, attempts, waits },
    { kind: 'validation', status: 400, retryable: false, outcome: 'not_sent', attempts: [], waits: [] },
  );
  assert.equal(new api.ValidationError({ message: 'no', outcome: 'refused' }).outcome, 'refused');
});

test('members that are null are absent at any depth', async () => {
  const lost = await failure({ reset: 'before' });
  for (const attempt of lost.attempts) assert.deepEqual(Object.keys(attempt).sort(), ['error', 'seconds']);
  const { meta } = await recordedClient(simulator.settings).withResponse.system.version();
  assert.deepEqual(Object.keys(meta.attempts[0]).sort(), ['seconds', 'status']);
});
