import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { BeProduct, CallCancelledError, ConfigError, IncompleteError, NotFoundError } from 'beproduct-client';

import { Simulator } from './simulator.mjs';

let simulator, client;
before(async () => {
  simulator = await Simulator.start('--styles', '5000', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  client = new BeProduct(simulator.settings);
});
after(() => simulator.stop());

const requests = async () => (await simulator.counts()).api;

test('nothing is sent before the first record is asked for', async () => {
  client.style.list();
  await client.quota.status();
  assert.equal(await requests(), 0);
});

test('a loop that is left at the first record takes one page', async () => {
  for await (const style of client.style.list()) {
    assert.equal(style.headerNumber, 'ST-000001');
    break;
  }
  assert.ok((await requests()) <= 2);
});

test('a loop sees every record once, in order', async () => {
  const numbers = [];
  for await (const style of client.style.list()) numbers.push(style.headerNumber);
  assert.equal(new Set(numbers).size, 5000);
  assert.deepEqual(numbers, numbers.toSorted());
  assert.ok((await requests()) <= 26);
});

test('collect fetches the same records', async () => {
  const styles = await client.style.list().collect();
  assert.equal(new Set(styles.map(({ id }) => id)).size, 5000);
  assert.ok((await requests()) <= 26);
});

test('pages carry their total and how they came about', async () => {
  const lengths = [];
  for await (const { records, total, meta, raw } of client.style.list({}, { pageSize: 100 }).pages()) {
    assert.deepEqual([total, meta.status, raw.length > 0], [5000, 200, true]);
    lengths.push(records.length);
    if (lengths.length === 3) break;
  }
  assert.deepEqual(lengths, [100, 100, 100]);
  assert.ok((await requests()) <= 6);
});

test('the total costs one page, which is not fetched again', async () => {
  const pager = client.style.list();
  assert.equal(await pager.total(), 5000);
  assert.equal(await requests(), 1);
  assert.equal((await pager.collect()).length, 5000);
  assert.equal(await pager.total(), 5000);
  assert.equal(await requests(), 25);
});

test('the total is known after other ways through the list', async () => {
  const collected = client.style.list({}, { pageSize: 200 });
  await collected.collect();
  assert.equal(await collected.total(), 5000);
  const looped = client.style.list();
  const [total, { value: style }] = await Promise.all([
    looped.total(),
    looped[Symbol.asyncIterator]().next(),
  ]);
  assert.deepEqual([total, style.headerNumber], [5000, 'ST-000001']);
});

test('an empty list has no records and a total of none', async () => {
  const pager = client.material.list();
  assert.deepEqual([await pager.total(), await pager.collect()], [0, []]);
});

test('withResponse gives lists too', async () => {
  const pager = client.withResponse.style.list({}, { pageSize: 10 });
  assert.equal((await pager.pages().next()).value.records.length, 10);
});

test('filters are sent as given', async () => {
  const filters = [{ field: 'header_number', operator: 'Eq', value: ['ST-000002', 'ST-000003'] }];
  const styles = await client.style.list({ filters }).collect();
  assert.deepEqual(styles.map(({ headerNumber }) => headerNumber).toSorted(), ['ST-000002', 'ST-000003']);
});

test('a bad argument fails the loop, not the making of the pager', async () => {
  const pager = client.style.list({ folder: 'x' });
  await assert.rejects(pager.collect(), ConfigError);
  await assert.rejects(async () => {
    for await (const style of client.style.list({ filters: 3 })) assert.fail(style);
  }, ConfigError);
});

test('a signal ends the loop between two records', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  let seen = 0;
  await assert.rejects(
    async () => {
      for await (const _ of client.style.list({}, { signal: controller.signal })) {
        if (++seen === 3) controller.abort(reason);
      }
    },
    (error) => error instanceof CallCancelledError && error.cause === reason,
  );
  assert.equal(seen, 3);
});

test('a signal ends the wait for a page', async () => {
  const controller = new AbortController();
  await simulator.faults({ path: 'pageNumber=1', action: { hang: true } });
  const rows = client.style.list({}, { signal: controller.signal })[Symbol.asyncIterator]();
  for (let index = 0; index < 200; index++) await rows.next();
  const next = rows.next();
  await simulator.arrived(2);
  controller.abort();
  await assert.rejects(next, { name: 'CallCancelledError', cause: controller.signal.reason });
  await simulator.release();
});

test('leaving a loop cancels the page that is on its way', async () => {
  await simulator.faults({ path: 'pageNumber=1', action: { hang: true } });
  let seen = 0;
  for await (const _ of client.style.list()) {
    if (++seen === 150) {
      await simulator.arrived(2);
      break;
    }
  }
  let second;
  do {
    second = (await simulator.log()).find(({ target }) => target.includes('pageNumber=1'));
  } while (!second.closed_by_client);
  await simulator.release();
});

test('a list says where it is, and another goes on there', async () => {
  const pager = client.style.list({}, { pageSize: 200 });
  const seen = [];
  for await (const { id } of pager) if (seen.push(id) === 250) break;
  const { page, records, total } = pager.position;
  assert.deepEqual({ page, records, total }, { page: 1, records: 250, total: 5000 });
  const rest = await client.style.list({}, { fromPage: page }).collect();
  assert.equal(new Set([...seen, ...rest.map(({ id }) => id)]).size, 5000);
});

test('a list that ends early is an error after its records', async () => {
  await simulator.faults({ path: 'pageNumber=2', times: 4, action: { status: 200, body: { result: null } } });
  let seen = 0;
  await assert.rejects(
    async () => {
      for await (const _ of client.style.list()) seen++;
    },
    (error) =>
      error instanceof IncompleteError && error.details.received === 400 && error.details.total === 5000,
  );
  assert.equal(seen, 400);
  assert.equal((await client.style.list({}, { allowIncomplete: true }).collect()).length, 400);
});

test('a collect that failed loses nothing', async () => {
  await simulator.faults({ path: 'pageNumber=2', action: { status: 404 } });
  const pager = client.style.list();
  await assert.rejects(pager.collect(), NotFoundError);
  const styles = await pager.collect();
  assert.equal(new Set(styles.map(({ id }) => id)).size, 5000);
});

test('two loops over one pager share its records', async () => {
  const pager = client.style.list({}, { pageSize: 100 });
  const ids = [];
  const loop = async () => {
    for await (const { id } of pager) ids.push(id);
  };
  await Promise.all([loop(), loop()]);
  assert.equal(ids.length, 5000);
  assert.equal(new Set(ids).size, 5000);
});
