// Code of the program that the client calls: that fails, takes its time, or calls the client itself.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { CallbackError, ClientClosedError, Plan, QuotaExceededError } from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';

import { Simulator } from './simulator.mjs';

let simulator, warnings;
const warn = ({ message }) => warnings.push(message);
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
  process.on('warning', warn);
});
beforeEach(async () => {
  await simulator.reset();
  warnings = [];
});
after(() => {
  process.off('warning', warn);
  return simulator.stop();
});

const open = (settings) => recordedClient({ ...simulator.settings, ...settings });
const failure = (promise) =>
  promise.then(
    (value) => assert.fail(`it did not fail: ${inspect(value)}`),
    (error) => error,
  );

/** A token store in memory that one method at a time can be replaced of. */
const store = (changes) => {
  const kept = {
    load: () => kept.tokens,
    save: (tokens) => void (kept.tokens = tokens),
    tryLock: () => true,
    unlock: () => undefined,
    ...changes,
  };
  return kept;
};

const WAYS_TO_FAIL = [
  [
    'throws',
    (exception) => {
      throw exception;
    },
  ],
  ['rejects', (exception) => Promise.reject(exception)],
];

for (const [way, fail] of WAYS_TO_FAIL) {
  for (const [method, done] of [
    ['load', 'read'],
    ['save', 'written'],
    ['tryLock', 'locked'],
  ]) {
    test(`code for tokenStore.${method} that ${way} fails the call by a clear error, and the client goes on`, async () => {
      const exception = new RangeError('the vault is locked');
      const tokenStore = store();
      const working = tokenStore[method];
      tokenStore[method] = () => fail(exception);
      const client = open({ tokenStore });
      const error = await failure(client.style.folders());
      assert.ok(error instanceof CallbackError, inspect(error));
      assert.equal(error.message, `the token store could not be ${done}: the vault is locked`);
      assert.equal(error.cause, exception);
      tokenStore[method] = working;
      assert.equal((await client.style.folders()).length, 4);
      assert.deepEqual(warnings, []);
    });
  }

  test(`code for onQuotaLimit that ${way} fails the call, and the client goes on`, async () => {
    const exception = new RangeError('nobody knows');
    const client = open({ plan: Plan.requestsPerDay(0), onQuotaLimit: () => fail(exception) });
    const error = await failure(client.style.folders());
    assert.ok(error instanceof QuotaExceededError && error.cause === exception, inspect(error));
    assert.match(error.message, /on_quota_limit failed: nobody knows$/);
    await client.quota.changePlan(Plan.requestsPerDay(1));
    assert.equal((await client.style.folders()).length, 4);
  });

  for (const [hook, settings] of [
    ['tokenStore.unlock', (code) => ({ tokenStore: store({ unlock: code }) })],
    ['onQuotaEvent', (code) => ({ onQuotaEvent: code, plan: Plan.requestsPerDay(5) })],
    ['onLog', (code) => ({ onLog: code })],
  ]) {
    test(`code for ${hook} that ${way} is one warning, and the client goes on`, async () => {
      let times = 0;
      const code = () => {
        times += 1;
        return fail(new RangeError(`failure ${times}`));
      };
      const client = open(settings(code));
      for (let call = 0; call < 5; call += 1) {
        await client.style.folders();
        if (hook === 'tokenStore.unlock') await simulator.expireTokens();
      }
      await client.close();
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(times > 1, `it was called ${times} times`);
      assert.equal(warnings.length, 1, inspect(warnings));
      assert.match(warnings[0], new RegExp(`^${hook} failed: RangeError: failure 1`));
    });
  }
}

test('equal messages are told apart, and values that are no errors are causes too', async () => {
  const thrown = new Map();
  const values = [new Error('busy'), new TypeError('busy'), 'busy', undefined, null, { code: 5 }, 7n];
  const client = open({
    plan: Plan.requestsPerDay(0),
    async onQuotaLimit({ label }) {
      // Later ones first.
      await new Promise((resolve) => setImmediate(resolve));
      thrown.set(label, values[Number(label)]);
      throw values[Number(label)];
    },
  });
  const errors = await Promise.all(
    values.map((_, label) => failure(client.style.folders({ label: String(label), extraQuery: { label } }))),
  );
  for (const [label, error] of errors.entries()) {
    assert.ok(error instanceof QuotaExceededError, inspect(error));
    // No cause is undefined: what it says is.
    assert.equal(error.cause, values[label] === undefined ? 'undefined' : values[label]);
  }
});

test('a callback may call the client', async () => {
  const seen = [];
  let warned;
  const warning = new Promise((resolve) => (warned = resolve));
  const client = open({
    plan: Plan.requestsPerDay(5),
    tokenStore: store({
      load: async () => void seen.push(['load', (await client.quota.status()).used]),
      save: async () => void seen.push(['save', (await client.quota.status()).used]),
      unlock: async () => void seen.push(['unlock', (await client.quota.status()).limit]),
    }),
    async onQuotaEvent({ threshold }) {
      if (threshold !== 80) return;
      seen.push(['event', (await client.style.folders()).length]);
      warned();
    },
    async onQuotaLimit() {
      await client.quota.changePlan(Plan.requestsPerDay(9));
      return Infinity;
    },
    onLog: async ({ level }) =>
      void (level === 'info' && seen.push(['log', (await client.quota.status()).store])),
  });
  for (let call = 0; call < 4; call += 1) await client.style.folders();
  // Its call has the last request: at the limit it would wait for the listener that it is in.
  await warning;
  for (let call = 0; call < 2; call += 1) await client.style.folders();
  await client.close();
  const hooks = new Set(seen.map(String));
  for (const expected of ['load,0', 'save,0', 'unlock,5', 'event,4', 'log,memory']) {
    assert.ok(hooks.has(expected), `${expected}: ${inspect(seen)}`);
  }
  assert.deepEqual(warnings, []);
});

test('a callback may close the client', async () => {
  let closed;
  const client = open({
    plan: Plan.requestsPerDay(0),
    onQuotaLimit() {
      closed = client.close();
    },
  });
  assert.ok(['cancelled', 'quota_exceeded'].includes((await failure(client.style.folders())).kind));
  await closed;
  await assert.rejects(client.style.folders(), ClientClosedError);
});

test('closing hands over what there is, and then nothing is called', async () => {
  const lines = [];
  let calls = 0;
  const client = open({
    onLog: ({ message }) => void lines.push(message),
    tokenStore: store({ load: () => void (calls += 1) }),
  });
  await Promise.all(Array.from({ length: 50 }, (_, n) => client.style.folders({ extraQuery: { n } })));
  await Promise.all([client.close(), client.close()]);
  assert.ok(lines.filter((line) => /^style\.folders/.test(line)).length >= 50, inspect(lines));
  const before = [lines.length, calls];
  await assert.rejects(client.style.folders(), ClientClosedError);
  await client.close();
  assert.deepEqual([lines.length, calls], before);
});

test('log lines come in order, one at a time', async () => {
  const lines = [];
  let isBusy = false;
  const client = open({
    async onLog({ message }) {
      assert.ok(!isBusy);
      isBusy = true;
      await new Promise((resolve) => setImmediate(resolve));
      lines.push(message);
      isBusy = false;
    },
  });
  for (let n = 0; n < 5; n += 1) await client.style.folders({ extraQuery: { n } });
  await client.close();
  assert.ok(lines.length > 5);
  assert.deepEqual(warnings, []);
});
