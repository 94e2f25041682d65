// Options for all calls of a client, and the progress of calls.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { BeProduct, ClientClosedError, ConfigError } from 'beproduct-client';

import { run } from './process.mjs';
import { Simulator } from './simulator.mjs';

let simulator, client;
before(async () => {
  simulator = await Simulator.start('--styles', '450', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  client = new BeProduct(simulator.settings);
});
after(() => simulator.stop());

const labels = async () => {
  const { usage } = await client.quota.status();
  return Object.fromEntries(usage.map(({ label = '', requests }) => [label, requests]));
};

/** Keeps what it receives; resolves when as many are done as there are in all. */
const receiver = () => {
  const received = [];
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  const progress = (report) => {
    received.push(report);
    if (report.done === report.total) end();
  };
  return { received, ended, progress };
};

test('the options of a client are those of its calls, where they have none', async () => {
  const nightly = client.withOptions({ label: 'nightly', headers: { 'x-trace': 'a' }, timeout: undefined });
  await nightly.style.folders();
  await nightly.style.folders({ label: 'once', extraQuery: { n: 1 } });
  await nightly.withOptions({ priority: 'bulk' }).style.folders({ extraQuery: { n: 2 } });
  await nightly.withResponse.style.folders({ label: undefined, extraQuery: { n: 3 } });
  await client.style.folders({ extraQuery: { n: 4 } });
  const sent = await simulator.log();
  assert.deepEqual(
    sent.map(({ headers }) => headers['x-trace']),
    ['a', 'a', 'a', 'a', undefined],
  );
  assert.deepEqual(await labels(), { '': 1, nightly: 3, once: 1 });
  assert.equal((await nightly.quota.status()).used, 5);
});

test('lists have the options of the client too', async () => {
  const small = client.withOptions({ pageSize: 100 });
  assert.equal((await small.style.list().pages().next()).value.records.length, 100);
  assert.equal((await small.style.list({}, { pageSize: 10 }).pages().next()).value.records.length, 10);
});

test('a client with options is of the same class, and is closed together with the other', async () => {
  class Shop extends BeProduct {}
  for (const which of [0, 1]) {
    const shop = new Shop(simulator.settings);
    const nightly = shop.withOptions({ label: 'nightly' });
    assert.ok(nightly instanceof Shop);
    assert.equal(inspect(nightly), inspect(shop));
    await [shop, nightly][which].close();
    await assert.rejects(shop.style.folders(), ClientClosedError);
    await assert.rejects(nightly.style.folders(), ClientClosedError);
  }
  class Named extends BeProduct {
    constructor(settings, name) {
      super(settings);
      this.name = name;
    }
  }
  assert.throws(
    () => new Named(simulator.settings, 'a').withOptions({}),
    (error) => error instanceof ConfigError && error.message.startsWith('withOptions cannot make a Named: '),
  );
});

test('who acts for another user keeps the options', async () => {
  const { user_id, impersonation_client_id, impersonation_client_secret } = simulator.at;
  const whom = {
    userId: user_id,
    clientId: impersonation_client_id,
    clientSecret: impersonation_client_secret,
  };
  const { received, ended, progress } = receiver();
  const colleague = client.withOptions({ label: 'nightly', progress }).actingAs(whom);
  await colleague.style.list().collect();
  await ended;
  assert.equal(received.at(-1).done, 450);
  assert.deepEqual(await labels(), { nightly: 3 });
});

test('a signal may be for all calls of a client', async () => {
  const reason = new Error('enough');
  const over = client.withOptions({ signal: AbortSignal.abort(reason) });
  for (const call of [
    () => over.style.folders(),
    () => over.style.list().collect(),
    () => over.withOptions({ label: 'x' }).style.folders(),
    () => over.auth.userinfo(),
  ]) {
    await assert.rejects(call, { name: 'CallCancelledError', outcome: 'not_sent', cause: reason });
  }
  assert.deepEqual(await simulator.log(), []);
  const { signal } = new AbortController();
  assert.equal((await over.style.folders({ signal })).length, 4);
});

test('options are checked when the client is made', async () => {
  for (const [options, message] of [
    [{ timout: 10 }, /there is no option "timout"; did you mean "timeout"\?/],
    [{ pageSize: 201 }, /page_size/],
    [{ timeout: NaN }, /options\.timeout is NaN/],
    [{ progress: 'bar' }, /options\.progress has to be a function, not 'bar'/],
  ]) {
    assert.throws(
      () => client.withOptions(options),
      (error) => error instanceof ConfigError && message.test(error.message),
      inspect(options),
    );
  }
  await assert.rejects(client.style.folders({ progress: true }), /options\.progress has to be a function/);
  await assert.rejects(client.quota.status({ progress() {} }), /no option "progress"/);
});

test('the progress of a list comes in order, up to its end', async () => {
  const { received, ended, progress } = receiver();
  const styles = await client.style.list({}, { progress }).collect();
  await ended;
  assert.equal(styles.length, 450);
  const done = received.map(({ done }) => done);
  assert.deepEqual(
    done,
    done.toSorted((one, other) => one - other),
  );
  const last = { operation: 'style.attributes_list', done: 450, total: 450 };
  assert.deepEqual(received.at(-1), last);
});

test('progress comes after each request of a loop', async () => {
  const received = [];
  let arrive;
  const options = {
    progress(report) {
      received.push(report.done);
      arrive();
    },
  };
  const pages = client.style.list({}, options).pages();
  for (const done of [200, 400, 450]) {
    const arrived = new Promise((resolve) => (arrive = resolve));
    await pages.next();
    await arrived;
    assert.equal(received.at(-1), done);
  }
  assert.deepEqual(received, [200, 400, 450]);
});

test('lookups of many numbers report their progress, each call to its own function', async () => {
  const styles = await client.style.list().collect();
  const numbers = styles.map(({ headerNumber }) => headerNumber);
  const [mine, ours] = [receiver(), receiver()];
  const shared = client.withOptions({ progress: ours.progress });
  await Promise.all([
    shared.style.getManyByNumber(numbers.slice(0, 210), {}, { progress: mine.progress }),
    shared.style.getManyByNumber(numbers),
  ]);
  await Promise.all([mine.ended, ours.ended]);
  const operation = 'style.attributes_get_many_by_number';
  assert.deepEqual(mine.received.at(-1), { operation, done: 210, total: 210 });
  assert.deepEqual(ours.received.at(-1), { operation, done: 450, total: 450 });
  assert.ok(mine.received.every(({ total }) => total === 210));
});

test('progress that fails is one warning, and no call fails', async () => {
  const warnings = [];
  const warn = ({ message }) => warnings.push(message);
  process.on('warning', warn);
  let times = 0;
  const progress = async () => {
    times += 1;
    throw new RangeError(`failure ${times}`);
  };
  for (let call = 0; call < 2; call += 1) {
    assert.equal((await client.style.list({}, { progress }).collect()).length, 450);
  }
  await client.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', warn);
  assert.ok(times > 1, `it was called ${times} times`);
  assert.equal(warnings.length, 1, inspect(warnings));
  assert.match(warnings[0], /^progress failed: RangeError: failure 1/);
});

test('a function for progress is let go when its call has ended', async () => {
  const program = `
    import { BeProduct } from 'beproduct-client';
    const client = new BeProduct(JSON.parse(process.env.SETTINGS));
    const closed = new BeProduct(JSON.parse(process.env.SETTINGS));
    await closed.close();
    const failed = (promise) => promise.then(() => { throw new Error('it did not fail'); }, () => undefined);
    const WAYS = [
      (progress) => client.style.getManyByNumber(['ST-000001'], {}, { progress }),
      (progress) => failed(client.style.folders({ progress, timout: 1 })),
      (progress) => failed(client.style.folders({ progress, signal: AbortSignal.abort() })),
      (progress) => failed(client.call('style.nothing', {}, { progress })),
      (progress) => failed(client.style.list({ folder: 'x' }, { progress }).collect()),
      (progress) => failed(closed.style.folders({ progress })),
      (progress) => failed(closed.style.list({}, { progress }).collect()),
      async (progress, pagers) => { await (pagers.one = client.style.list({}, { progress })).collect(); },
      async (progress, pagers) => { for await (const _ of (pagers.one = client.style.list({}, { progress }))) break; },
      async (progress) => { await client.style.list({}, { progress }).pages().next(); },
    ];
    const begin = async (way) => {
      const pagers = {};
      const progress = () => void pagers;
      await way(progress, pagers);
      return new WeakRef(progress);
    };
    const functions = [];
    for (const way of WAYS) functions.push(await begin(way));
    const end = performance.now() + 60_000;
    let left;
    do {
      await new Promise((resolve) => setImmediate(resolve));
      gc();
      left = functions.flatMap((one, index) => (one.deref() ? [index] : []));
    } while (left.length > 0 && performance.now() < end);
    console.log(JSON.stringify(left));
    await Promise.all([client.close(), closed.close()]);
  `;
  assert.equal(await run(simulator, program, { flags: ['--expose-gc'] }), '[]');
});
