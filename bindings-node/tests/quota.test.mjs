// The quota in Node: what it tells, plans, the ledger's settings, and the callbacks of the program.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { ClientClosedError, ConfigError, Plan, QuotaExceededError, RateLimitedError } from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

// 2026-01-15T12:00:00Z: no test may meet midnight by chance.
const NOON = 1768478400;
const HALF_A_DAY = 43_200;

const open = (settings = {}) => recordedClient({ ...simulator.settings, ...settings }, { start: NOON });
const failure = (promise) =>
  promise.then(
    (value) => assert.fail(`it did not fail: ${inspect(value)}`),
    (error) => error,
  );

/** A callback that keeps its events. */
const listener = (answer) => {
  const events = [];
  const callback = (event) => {
    events.push(event);
    return typeof answer === 'function' ? answer(event) : answer;
  };
  return { events, callback };
};

test('status, report and estimate have the names of their types', async () => {
  const client = open({ plan: Plan.requestsPerDay(10, { requestsPerHour: 5 }) });
  await client.style.folders({ label: 'nightly' });
  const status = await client.quota.status();
  assert.deepEqual(status, {
    store: 'memory',
    limit: 10,
    used: 1,
    remaining: 9,
    resetsAt: '2026-01-16T00:00:00Z',
    usage: [{ operation: 'style.folders', label: 'nightly', requests: 1 }],
    limits: [
      { window: 'day', limit: 10, used: 1, remaining: 9, resetsAt: '2026-01-16T00:00:00Z' },
      { window: 'hour', limit: 5, used: 1, remaining: 4, resetsAt: '2026-01-15T13:00:00Z' },
    ],
    leased: 0,
    others: 0,
    pace: 1,
    runsOutAt: '2026-01-15T21:00:00Z',
  });
  const { byProcess, rows, ...report } = await client.quota.report({ days: 2 });
  assert.deepEqual(report, {
    from: '2026-01-14',
    to: '2026-01-15',
    requests: 1,
    byDay: [{ name: '2026-01-15', requests: 1 }],
    byOperation: [{ name: 'style.folders', requests: 1 }],
    byLabel: [{ name: 'nightly', requests: 1 }],
  });
  const [{ process, ...row }] = rows;
  assert.deepEqual(row, { day: '2026-01-15', operation: 'style.folders', label: 'nightly', requests: 1 });
  assert.deepEqual(byProcess, [{ name: process, requests: 1 }]);
  assert.equal((await client.quota.report()).from, '2025-12-17');
  assert.deepEqual(await client.quota.estimate([{ operation: 'style.list', count: 1000, pageSize: 100 }]), {
    requests: 10,
    remaining: 9,
    enough: false,
    items: [{ operation: 'style.attributes_list', count: 1000, requests: 10 }],
  });
});

for (const [how, close] of [
  ['closing', (client) => client.close()],
  ['disposing of it', (client) => client[Symbol.asyncDispose]()],
]) {
  test(`${how} gives the lease of a client back`, async (t) => {
    const stateDir = mkdtempSync(join(tmpdir(), 'beproduct-client-'));
    t.after(() => rmSync(stateDir, { recursive: true }));
    const settings = { stateDir, ledger: { sqlite: join(stateDir, 'quota.sqlite') }, quotaLease: 5 };
    const leases = () => readdirSync(join(stateDir, 'leases'));
    const client = open(settings);
    await client.style.folders();
    assert.equal(leases().length, 1);
    assert.equal(await close(client), undefined);
    assert.deepEqual(leases(), []);
    const other = open(settings);
    const { used, leased } = await other.quota.status();
    assert.deepEqual([used, leased], [1, 0]);
    await other.close();
    // It is closed already.
    await close(client);
    await assert.rejects(client.style.folders(), ClientClosedError);
  });
}

test('a service that asked to wait is in the status', async () => {
  const client = open();
  await simulator.faults({ path: 'Folders', action: { status: 429, headers: { 'Retry-After': '20' } } });
  await failure(client.style.folders({ attempts: 1 }));
  assert.equal((await client.quota.status()).pausedUntil, '2026-01-15T12:00:20Z');
});

test('questions about the quota are checked', async () => {
  const { quota } = open();
  for (const [ask, message] of [
    [() => quota.report({ days: 0 }), /from 1 to 90/],
    [() => quota.report({ days: 91 }), /from 1 to 90/],
    [() => quota.report({ days: 2 ** 40 }), /from 1 to 90/],
    [() => quota.report({ days: -1 }), /positive whole number, not -1/],
    [() => quota.report({ days: 1.5 }), /positive whole number, not 1.5/],
    [() => quota.report({ days: NaN }), /arguments\.days is NaN/],
    [() => quota.report(7), /arguments have to be an object, not 7/],
    [() => quota.report({ days: '7' }), /positive whole number, not "7"/],
    [() => quota.report({ day: 7 }), /quota\.report has no argument "day"; did you mean "days"\?/],
    [() => quota.estimate([{ operation: 'style.list', number: 3 }]), /no member "number"/],
    [() => quota.estimate([{ count: 3 }]), /missing field `operation`/],
    [() => quota.estimate([{ operation: 'style.list', count: -1 }]), /`-1`/],
    [() => quota.estimate([{ operation: 'style.list', count: NaN }]), /work\[0\]\.count is NaN/],
    [() => quota.estimate([{ operation: 'style.list' }]), /count is missing/],
    [() => quota.estimate([{ operation: 'style.get', pageSize: 5 }]), /page_size is for lists/],
    [() => quota.estimate(['style.get']), /work has to be a list of what is to be done/],
    [() => quota.estimate({ operation: 'style.get' }), /work has to be a list/],
    [() => quota.estimate('style.get'), /work has to be a list/],
    [() => quota.estimate(), /quota\.estimate needs work/],
  ]) {
    const error = await failure(ask());
    assert.ok(error instanceof ConfigError && message.test(error.message), `${ask}: ${inspect(error)}`);
  }
});

test('plans and their days', async () => {
  for (const [plan, limit, resetsAt, windows] of [
    [Plan.businessMax({ licenses: 4, dayStart: '06:30' }), 1000, '2026-01-16T06:30:00Z', ['day']],
    [Plan.enterprise({ licenses: 4, timeZone: 'Asia/Tokyo' }), 2000, '2026-01-15T15:00:00Z', ['day']],
    [
      Plan.requestsPerDay(3, { dayStart: '18:00', timeZone: 'Asia/Tokyo', requestsPerMinute: 2 }),
      3,
      '2026-01-16T09:00:00Z',
      ['day', 'minute'],
    ],
    [Plan.fromService({ requestsPerHour: 5 }), undefined, '2026-01-16T00:00:00Z', ['hour']],
    [
      Plan.unlimited({ requestsPerHour: 5, requestsPerMinute: 2 }),
      undefined,
      '2026-01-16T00:00:00Z',
      ['hour', 'minute'],
    ],
    [{ requestsPerDay: 3 }, 3, '2026-01-16T00:00:00Z', ['day']],
  ]) {
    const status = await open({ plan }).quota.status();
    assert.deepEqual([status.limit, status.resetsAt], [limit, resetsAt], inspect(plan));
    assert.deepEqual(
      status.limits.map(({ window }) => window),
      windows,
    );
  }
});

test('the limits of the service are asked for', async () => {
  await simulator.reset({ limit_per_day: 40 });
  const client = open({ plan: Plan.fromService() });
  await client.style.folders();
  assert.equal((await client.quota.status()).limit, 40);
});

test('a plan may change, and one that is wrong changes nothing', async () => {
  const client = open({ plan: Plan.requestsPerDay(1) });
  await client.style.folders();
  await assert.rejects(client.style.folders(), QuotaExceededError);
  for (const [plan, message] of [
    [Plan.enterprise({ licenses: 'many' }), /invalid type/],
    [Plan.requestsPerDay(5, { timeZone: 'Mars/Base' }), /Mars\/Base/],
    [Plan.requestsPerDay(5, { perHour: 5 }), /no member "perHour"/],
    [{ requestsPerDay: 5, requests_per_day: 5 }, /arguments\.plan\.requests_per_day is given twice/],
    [5, /plan/],
    [undefined, /plan/],
  ]) {
    await assert.rejects(
      client.quota.changePlan(plan),
      (error) => error instanceof ConfigError && message.test(error.message),
      inspect(plan),
    );
  }
  assert.equal((await client.quota.status()).limit, 1);
  const { user_id: userId, impersonation_client_id, impersonation_client_secret } = simulator.at;
  const acting = client.actingAs({
    userId,
    clientId: impersonation_client_id,
    clientSecret: impersonation_client_secret,
  });
  await acting.quota.changePlan(Plan.requestsPerDay(2));
  await client.style.folders();
  assert.equal((await client.quota.status()).remaining, 0);
});

test('settings of plans and ledgers are checked', () => {
  for (const [settings, message] of [
    [{ plan: 'enterprise' }, /a plan, which is/],
    [{ plan: Plan.enterprise({}) }, /licenses is missing/],
    [{ plan: Plan.requestsPerDay(1, { dayStart: '25:00' }) }, /not a time of day/],
    [{ quotaLease: 0 }, /quota_lease has to be a whole number from 1 to 1000000/],
    [{ ledger: 'disk' }, /ledger: it is "memory"/],
    [{ ledger: { redis: { address: 'x' } } }, /no member "address"/],
    [{ ledger: { redis: { url: 'x', whenAway: 'go on' } } }, /`go on`/],
    [{ ledger: { redis: { url: 'x', whenAway: { part: 5 } } } }, /`part`/],
    [
      { ledger: { redis: { url: 'x', whenAway: 'refuse', when_away: 'refuse' } } },
      /settings\.ledger\.redis\.when_away is given twice/,
    ],
    [{ ledger: { redis: 5 } }, /redis/],
  ]) {
    assert.throws(
      () => open(settings),
      (error) => error instanceof ConfigError && message.test(error.message),
      `${inspect(settings, { depth: 9 })} should fail with ${message}`,
    );
  }
});

test('the program is asked at the limit', async () => {
  const { events, callback } = listener();
  const client = open({ plan: Plan.requestsPerDay(0), onQuotaLimit: callback });
  const error = await failure(client.style.folders({ label: 'shop' }));
  assert.ok(error instanceof QuotaExceededError && error.cause === undefined, inspect(error));
  assert.equal((await simulator.counts()).api, 0);
  assert.deepEqual(events, [
    {
      event: 'limit',
      window: 'day',
      limit: 0,
      used: 0,
      remaining: 0,
      resetsAt: '2026-01-16T00:00:00Z',
      resetsIn: HALF_A_DAY,
      operation: 'style.folders',
      label: 'shop',
    },
  ]);
});

for (const [name, wrap] of [
  ['a number', (value) => value],
  ['a promise', async (value) => value],
]) {
  test(`a call waits as long as the program says by ${name}`, async () => {
    for (const seconds of [HALF_A_DAY, Infinity, Number.MAX_VALUE]) {
      const { events, callback } = listener(() => wrap(seconds));
      const client = open({ plan: Plan.requestsPerDay(1), onQuotaLimit: callback });
      await client.style.folders();
      const { meta } = await client.withResponse.style.folders();
      assert.deepEqual(
        meta.waits.map(({ reason }) => reason),
        ['quota'],
      );
      assert.equal(events.length, 1);
    }
    for (const seconds of [undefined, null, 0, HALF_A_DAY - 1]) {
      const client = open({ plan: Plan.requestsPerDay(0), onQuotaLimit: () => wrap(seconds) });
      await assert.rejects(client.style.folders(), QuotaExceededError);
    }
  });
}

test('the limit of an hour', async () => {
  const { events, callback } = listener();
  const client = open({ plan: Plan.unlimited({ requestsPerHour: 0 }), onQuotaLimit: callback });
  await assert.rejects(client.style.folders(), RateLimitedError);
  assert.equal(events[0].window, 'hour');
});

test('what the program throws is the cause, for each call its own', async () => {
  const thrown = new Map();
  const client = open({
    plan: Plan.requestsPerDay(0),
    onQuotaLimit({ label }) {
      const error = new RangeError(`not for ${label}`);
      thrown.set(label, error);
      // As an exception and as a promise.
      if (label === '1') throw error;
      return Promise.reject(error);
    },
  });
  const labels = Array.from({ length: 20 }, (_, index) => String(index));
  const errors = await Promise.all(
    labels.map((label) => failure(client.style.folders({ label, extraQuery: { label } }))),
  );
  for (const [index, error] of errors.entries()) {
    assert.ok(error instanceof QuotaExceededError, inspect(error));
    assert.match(error.message, new RegExp(`on_quota_limit failed: not for ${index}$`));
    assert.equal(error.cause, thrown.get(String(index)));
  }
  assert.equal((await simulator.counts()).api, 0);
});

test('a wait that is not a time is refused', async () => {
  for (const [answer, shown] of [
    ['60', 'the seconds that a call may wait, or nothing, not "60"'],
    [true, 'not true'],
    [[60], 'not \\[60\\]'],
    [-1, 'not -1'],
    [-Infinity, 'what it returns is -Infinity, which JSON cannot hold'],
    [NaN, 'what it returns is NaN, which JSON cannot hold'],
    [() => 60, 'what it returns is a function, which JSON cannot hold'],
  ]) {
    for (const onQuotaLimit of [() => answer, async () => answer]) {
      const error = await failure(open({ plan: Plan.requestsPerDay(0), onQuotaLimit }).style.folders());
      assert.ok(error instanceof QuotaExceededError, inspect(error));
      assert.equal(error.cause instanceof ConfigError, /JSON/.test(shown), inspect(error));
      assert.match(error.message, new RegExp(`on_quota_limit .*${shown}$`));
    }
  }
});

test('callbacks are checked when the client is made', () => {
  for (const name of ['onQuotaEvent', 'onQuotaLimit']) {
    for (const wrong of [5, null, 'log', {}]) {
      assert.throws(
        () => open({ [name]: wrong }),
        (error) =>
          error instanceof ConfigError &&
          error.message.startsWith(`settings.${name} has to be a function, not `),
      );
    }
  }
});

test('the program may look at the quota and change the plan', async () => {
  const client = open({
    plan: Plan.requestsPerDay(0),
    async onQuotaLimit() {
      assert.equal((await client.quota.status()).limit, 0);
      await client.quota.changePlan(Plan.requestsPerDay(1));
      return Infinity;
    },
  });
  await client.style.folders();
  assert.equal((await client.quota.status()).remaining, 0);
});

test('a call may be cancelled while the program decides', async () => {
  const controller = new AbortController();
  let decide;
  const asked = new Promise((resolve) => {
    decide = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  const client = open({ plan: Plan.requestsPerDay(0), onQuotaLimit: decide });
  const call = client.style.folders({ signal: controller.signal });
  await asked;
  controller.abort();
  await assert.rejects(call, { name: 'CallCancelledError', outcome: 'not_sent' });
});

test('events are reported', async () => {
  const events = [];
  let arrive;
  const arrived = new Promise((resolve) => (arrive = resolve));
  const client = open({
    plan: Plan.requestsPerDay(5),
    onQuotaEvent(event) {
      events.push(event);
      if (events.length === 2) arrive();
    },
  });
  for (let call = 0; call < 5; call += 1) await client.style.folders();
  // Limits are for the other callback.
  await assert.rejects(client.style.folders(), QuotaExceededError);
  await arrived;
  const day = { window: 'day', limit: 5, resetsAt: '2026-01-16T00:00:00Z', resetsIn: HALF_A_DAY };
  assert.deepEqual(events, [
    { event: 'threshold', ...day, used: 4, remaining: 1, threshold: 80 },
    { event: 'threshold', ...day, used: 5, remaining: 0, threshold: 95 },
  ]);
});

for (const [name, fail] of [
  ['throws', () => assert.fail('the pager is off')],
  ['returns a promise that is rejected', () => Promise.reject(new Error('the pager is off'))],
]) {
  test(`a callback for events that ${name} is reported as a warning, once`, async () => {
    const warnings = [];
    const warn = ({ message }) => warnings.push(message);
    process.on('warning', warn);
    try {
      let arrive;
      const arrived = new Promise((resolve) => (arrive = resolve));
      let times = 0;
      const client = open({
        plan: Plan.requestsPerDay(5),
        onQuotaEvent() {
          times += 1;
          if (times === 2) arrive();
          return fail();
        },
      });
      for (let call = 0; call < 5; call += 1) await client.style.folders();
      await arrived;
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], /^onQuotaEvent failed: .*the pager is off/);
    } finally {
      process.off('warning', warn);
    }
  });
}

test('what was measured goes with a log line, under names that are not changed', async () => {
  const lines = [];
  let arrive;
  const arrived = new Promise((resolve) => (arrive = resolve));
  const client = open({
    plan: Plan.requestsPerDay(10),
    onLog(record) {
      lines.push(record);
      if (/^style\.attributes_get failed/.test(record.message)) arrive();
    },
  });
  await client.style.folders({ label: 'nightly' });
  await failure(client.style.get('1'));
  await arrived;
  for (const { attributes } of lines) assert.equal(typeof attributes, 'object');
  const [answered, failed] = lines
    .filter(({ level }) => level === 'info')
    .map(({ attributes }) => attributes);
  const { 'beproduct.call.duration': duration, 'beproduct.call.waited': waited, ...rest } = answered;
  assert.deepEqual([typeof duration, Math.abs(waited)], ['number', 0]);
  assert.deepEqual(rest, {
    'beproduct.operation': 'style.folders',
    'beproduct.call.attempts': 1,
    'beproduct.quota.cost': 1,
    'beproduct.label': 'nightly',
    'beproduct.quota.used': 1,
    'beproduct.quota.limit': 10,
    'http.response.status_code': 200,
  });
  assert.deepEqual([failed['http.response.status_code'], failed['error.type']], [400, 'not_found']);
});
