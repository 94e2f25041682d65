import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { BeProduct, ClientClosedError, ConfigError, Plan } from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '40', '--materials', '10', '--table-rows', '50');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

const open = (settings) => new BeProduct({ ...simulator.settings, ...settings });

test('a record comes by id and by number', async () => {
  const client = open();
  const [style] = await client.style.list({}, { pageSize: 1 }).collect();
  assert.deepEqual(await client.style.get(style.id), style);
  assert.equal((await client.style.getByNumber(style.headerNumber)).id, style.id);
  const { found, missing } = await client.style.getManyByNumber([style.headerNumber, 'nothing']);
  assert.deepEqual([found.map(({ id }) => id), missing], [[style.id], ['nothing']]);
});

test('writes send nested values as they are given', async () => {
  const client = open();
  const { value: row } = await client.dataTables.data(simulator.at.data_table)[Symbol.asyncIterator]().next();
  const created = await client.style.create(simulator.at.style_folder, {
    fields: { header_number: 'NEW-1', header_name: 'New', target_quantity: 10.0, season: undefined },
  });
  const { body } = (await simulator.log()).find(({ target }) => target.includes('Header/Create'));
  assert.equal(
    body,
    '{"fields":[{"id":"header_number","value":"NEW-1"},{"id":"header_name","value":"New"},' +
      '{"id":"target_quantity","value":10}],"colorways":[],"sizes":null}',
  );
  const { applied } = await client.dataTables.update(simulator.at.data_table, {
    rows: [{ rowFields: [{ id: row.fields[0].id, value: 'changed' }], rowId: row.id }],
  });
  assert.equal(applied, 1);
  await client.style.delete(created.id);
  assert.equal((await client.style.get(created.id)).isDeleted, true);
});

test('withResponse tells how an answer came about', async () => {
  const { body, meta, raw } = await open().withResponse.system.version();
  assert.deepEqual(body, JSON.parse(raw.toString()));
  assert.equal(meta.status, 200);
  assert.equal(meta.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.deepEqual([meta.attempts.length, meta.waits, meta.cost], [1, [], 1]);
  assert.match(meta.requestId, /^[0-9a-f-]{36}$/);
});

test('any operation can be called by its name', async () => {
  const client = open();
  assert.deepEqual(await client.call('style.folders'), await client.style.folders());
  assert.equal(
    (await client.stream('material.attributes_list', { show_deleted: false }).collect()).length,
    10,
  );
  await assert.rejects(client.call('style.nothing'), { kind: 'config', message: /"style.nothing"/ });
  assert.deepEqual(await client.raw.get('Style/Folders'), await client.style.folders());
});

test('options reach the request', async () => {
  const client = open({ additionalHeaders: { 'x-shop': 'one' } });
  await client.style.folders({ headers: { 'x-trace': 'a' }, extraQuery: { n: 1 }, label: 'nightly' });
  const [{ target, headers }] = (await simulator.log()).slice(-1);
  assert.match(target, /Style\/Folders\?n=1$/);
  assert.deepEqual([headers['x-shop'], headers['x-trace']], ['one', 'a']);
  assert.match(headers['user-agent'], new RegExp(`node/${process.versions.node}$`));
  assert.deepEqual((await client.quota.status()).usage, [
    { operation: 'style.folders', label: 'nightly', requests: 1 },
  ]);
});

test('a failed read is repeated on the clock of the test', async () => {
  const client = recordedClient(simulator.settings);
  await simulator.faults({ path: 'Folders', times: 2, action: { status: 503 } });
  const { meta } = await client.withResponse.style.folders();
  assert.deepEqual(
    meta.attempts.map(({ status }) => status),
    [503, 503, 200],
  );
  assert.deepEqual(
    meta.waits.map(({ reason }) => reason),
    ['backoff', 'backoff'],
  );
});

test('a manual clock stands until it is advanced', async () => {
  const patient = { ...simulator.settings, timeout: 1e9, idleTimeout: 1e9 };
  const client = recordedClient(patient, { clock: 'manual' });
  await simulator.faults({ path: 'Folders', action: { status: 429, headers: { 'retry-after': '30' } } });
  const call = client.withResponse.style.folders();
  const answered = call.then(() => true);
  const tick = () => new Promise((resolve) => setImmediate(resolve, false));
  // When the pause begins cannot be seen from here: time passes until it is over.
  while (!(await Promise.race([answered, tick()]))) client.advance(1);
  const [{ reason, seconds }] = (await call).meta.waits;
  assert.ok(reason === 'retry_after' && seconds >= 30);
});

test('the clock of the machine cannot be advanced', async () => {
  const { RecordedClient } = await import('../dist/esm/testing.js');
  const client = new RecordedClient(simulator.settings);
  assert.throws(() => client.advance(1), ConfigError);
});

test('a thousand calls on an expired token renew it once', async () => {
  const client = open();
  await client.style.folders();
  await simulator.expireTokens();
  await simulator.reset();
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => client.style.folders({ extraQuery: { index } })),
  );
  assert.equal(answers.length, 1000);
  assert.equal((await simulator.counts()).token, 1);
});

test('the quota is refused before anything is sent', async () => {
  const client = open({ plan: Plan.requestsPerDay(1) });
  await client.style.folders();
  await assert.rejects(client.style.folders(), { name: 'QuotaExceededError', outcome: 'not_sent' });
  assert.equal((await simulator.counts()).api, 1);
  const status = await client.quota.status();
  assert.deepEqual([status.store, status.limit, status.used, status.remaining], ['memory', 1, 1, 0]);
  assert.match(status.resetsAt, /T00:00:00Z$/);
});

test('plans have the limits of their edition', async () => {
  for (const [plan, limit] of [
    [Plan.businessMax({ licenses: 4 }), 1000],
    [Plan.businessMax({ licenses: 100 }), 2000],
    [Plan.enterprise({ licenses: 4 }), 2000],
  ]) {
    assert.equal((await open({ plan }).quota.status()).limit, limit);
  }
});

test('closing ends the calls, and later ones fail', async () => {
  const client = open();
  await simulator.faults({ path: 'Folders', action: { hang: true } });
  const call = client.style.folders();
  await simulator.arrived(1);
  const closed = client.close();
  await assert.rejects(call, { name: 'CallCancelledError' });
  await assert.rejects(client.style.folders(), ClientClosedError);
  await assert.rejects(client.style.list().collect(), ClientClosedError);
  assert.equal(await closed, undefined);
  await simulator.release();
});

test('a client can be disposed of', async () => {
  const client = open();
  client[Symbol.dispose]();
  await assert.rejects(client.style.folders(), ClientClosedError);
  await client[Symbol.asyncDispose]();
});

test('settings are checked when the client is made', () => {
  for (const [settings, message] of [
    [{ companyDomain: undefined }, /company_domain is missing/],
    [{ refreshToken: undefined, clientId: undefined }, /credentials are missing/],
    [{ clientId: '' }, /client_id is missing/],
    [{ company: 'acme' }, /there is no setting "company"; did you mean "company_domain"/],
    [{ plan: { edition: 'gold', licenses: 1 } }, /"gold"/],
    [{ timeout: NaN }, /settings\.timeout is NaN/],
    [{ timeout: -1 }, /timeout/],
    [{ apiUrl: 'http://example.com' }, /api_url/],
    [{ decimals: 'text' }, /settings\.decimals/],
    [{ onLog: 'console' }, /settings\.onLog/],
    [{ tokenStore: { load() {} } }, /there is token_store\.load but no token_store\.save/],
    [{ tokenStore: { save() {} } }, /there is token_store\.save but no token_store\.load/],
    [{ tokenStore: { load: 5, save() {} } }, /no token_store\.load/],
    [{ tokenStore: { load() {}, save() {}, tryLock() {} } }, /no token_store\.unlock/],
    [{ tokenStore: { load() {}, save() {}, unlock() {} } }, /no token_store\.try_lock/],
    [{ tokenStore: 'disk' }, /`disk`/],
    [{ company_domain: 'acme' }, /settings.company_domain is given twice/],
  ]) {
    assert.throws(
      () => open(settings),
      (error) => error instanceof ConfigError && message.test(error.message),
      `${inspect(settings)} should fail with ${message}`,
    );
  }
  assert.throws(() => new BeProduct(), ConfigError);
});

test('arguments and options are checked by name', async () => {
  const client = open();
  for (const [call, message] of [
    [() => client.style.get(), /header_id/],
    [() => client.style.get({ headerId: 'x' }), /header_id/],
    [() => client.style.getByNumber('x', { folder: 'y' }), /"folder"/],
    [() => client.style.getByNumber('x', 'y'), /arguments have to be an object, not 'y'/],
    [() => client.style.getByNumber('x', { headerNumber: 'y' }), /arguments\.headerNumber is given twice/],
    [
      () => client.style.list({ folderId: 'x', folder_id: 'x' }).collect(),
      /arguments\.folder_id is given twice/,
    ],
    [() => client.style.folders({ retries: 3 }), /"retries"/],
    [() => client.style.folders({ timeout: Infinity }), /options\.timeout is Infinity/],
    [() => client.style.folders({ timeout: 0 }), /timeout/],
    [() => client.style.list({ folder: 'x' }).collect(), /"folder"/],
    [() => client.style.list({}, { pageSize: 201 }).collect(), /page_size/],
    [() => client.style.list(null).collect(), /arguments have to be an object/],
  ]) {
    await assert.rejects(call, (error) => error instanceof ConfigError && message.test(error.message));
  }
  assert.equal((await simulator.counts()).api, 0);
});

test('nothing that is shown holds a secret', async () => {
  const lines = [];
  const client = open({ onLog: (record) => lines.push(record) });
  await simulator.faults({ path: 'Folders', times: 0, action: { status: 403, body: 'no' } });
  const error = await client.style.folders().catch((error) => error);
  await client.close();
  assert.ok(lines.length > 0 && lines.every(({ level, message }) => level && message), inspect(lines));
  const shown = [client, error, lines, client.quota, client.style].map((value) =>
    inspect(value, { depth: 9, showHidden: true }),
  );
  for (const secret of [simulator.at.client_secret, simulator.at.refresh_token, 'Bearer']) {
    assert.ok(!shown.join().includes(secret));
  }
});

test('a log sink that fails is reported as a warning', async () => {
  const warned = new Promise((resolve) => process.once('warning', resolve));
  await open({
    onLog() {
      throw new Error('disk full');
    },
  }).style.folders();
  assert.match((await warned).message, /disk full/);
});
