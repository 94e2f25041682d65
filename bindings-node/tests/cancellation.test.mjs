import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { BeProduct, CallCancelledError } from 'beproduct-client';

import { Simulator } from './simulator.mjs';

let simulator, client;
before(async () => {
  simulator = await Simulator.start('--styles', '20', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  client = new BeProduct(simulator.settings);
});
after(() => simulator.stop());

test('a signal that is aborted already sends nothing', async () => {
  const reason = new Error('too late');
  const error = await client.style.folders({ signal: AbortSignal.abort(reason) }).catch((error) => error);
  assert.ok(error instanceof CallCancelledError);
  assert.deepEqual([error.outcome, error.operation], ['not_sent', 'style.folders']);
  assert.equal(error.cause, reason);
  const { api, identity } = await simulator.counts();
  assert.deepEqual([api, identity], [0, 0]);
});

test('a signal ends a call, and its request', async () => {
  const controller = new AbortController();
  await simulator.faults({ path: 'Folders', action: { hang: true } });
  const call = client.style.folders({ signal: controller.signal });
  await simulator.arrived(1);
  controller.abort();
  await assert.rejects(call, { name: 'CallCancelledError', cause: controller.signal.reason });
  let entry;
  do {
    [entry] = await simulator.log();
  } while (!entry.closed_by_client);
});

test('a write that was sent may have taken effect', async () => {
  const controller = new AbortController();
  await simulator.faults({ path: 'Create', action: { hang: true } });
  const fields = { header_number: 'N-1', header_name: 'New' };
  const call = client.style.create(simulator.at.style_folder, { fields }, { signal: controller.signal });
  await simulator.arrived(1);
  controller.abort();
  await assert.rejects(call, { name: 'CallCancelledError', outcome: 'unknown', retryable: false });
  assert.equal((await client.quota.status()).used, 1);
});

test('a signal that is aborted afterwards does nothing, and is let go', async () => {
  const controller = new AbortController();
  const listening = new Set();
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type, listener, options) => (
    listening.add(listener),
    add(type, listener, options)
  );
  signal.removeEventListener = (type, listener) => (listening.delete(listener), remove(type, listener));
  assert.equal((await client.style.folders({ signal })).length, 4);
  assert.equal(listening.size, 0);
  controller.abort();
  assert.equal((await client.style.folders()).length, 4);
});

test('many calls on one signal cause no warning', async () => {
  const warnings = [];
  const warn = (warning) => warnings.push(warning);
  process.on('warning', warn);
  const controller = new AbortController();
  const { signal } = controller;
  await simulator.faults({ path: 'Folders', times: 0, action: { hang: true } });
  await simulator.faults({ path: 'userinfo', times: 0, action: { hang: true } });
  const calls = Array.from({ length: 30 }, (_, index) =>
    client.style.folders({ signal, extraQuery: { index } }),
  );
  calls.push(...Array.from({ length: 12 }, () => client.auth.userinfo({ signal })));
  calls.push(...Array.from({ length: 12 }, () => client.style.list({}, { signal }).collect()));
  await simulator.arrived(10);
  controller.abort();
  const results = await Promise.allSettled(calls);
  assert.ok(
    results.every(({ reason }) => reason instanceof CallCancelledError && reason.cause === signal.reason),
  );
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', warn);
  assert.deepEqual(warnings, []);
});

test('AbortSignal.any and many calls on one signal', async () => {
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal, new AbortController().signal]);
  await simulator.faults({ path: 'Folders', times: 0, action: { hang: true } });
  const calls = Array.from({ length: 5 }, (_, index) =>
    client.style.folders({ signal, extraQuery: { index } }),
  );
  await simulator.arrived(5);
  controller.abort();
  const results = await Promise.allSettled(calls);
  assert.ok(results.every(({ reason }) => reason instanceof CallCancelledError));
});
