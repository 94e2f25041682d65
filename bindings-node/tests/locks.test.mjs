import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { BeProduct, ConfigError, ConflictError } from 'beproduct-client';

import { Simulator } from './simulator.mjs';

let simulator;
let client;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  client = new BeProduct(simulator.settings);
});
after(() => simulator.stop());

const isHeld = async () => (await client.automation.lockCheck(['job'], { lockTimeout: 1 }))[0].locked;

test('a lock is held while some work is done', async () => {
  const result = await client.automation.withLock(
    'job',
    async (answer) => {
      assert.equal(answer.acquired, true);
      assert.equal(await isHeld(), true);
      await assert.rejects(
        client.automation.withLock('job', () => assert.fail('it was not taken')),
        ConflictError,
      );
      assert.equal(await isHeld(), true);
      return 'done';
    },
    { lockTimeout: 60 },
  );
  assert.equal(result, 'done');
  assert.equal(await client.withResponse.automation.withLock('job', () => 'done'), 'done');
  assert.equal(await isHeld(), false);
});

test('a lock is given back when the work fails, also with an aborted signal', async () => {
  const controller = new AbortController();
  const work = async () => {
    controller.abort();
    throw new TypeError('the work failed');
  };
  await assert.rejects(client.automation.withLock('job', work, {}, { signal: controller.signal }), TypeError);
  assert.equal(await isHeld(), false);
  // The error of the work is the one that counts.
  await simulator.faults({ path: 'locks?name', action: {} }, { path: 'locks?name', action: { status: 503 } });
  await assert.rejects(
    client.automation.withLock('job', () => Promise.reject(new TypeError())),
    TypeError,
  );
});

test('nothing is sent for a lock without a name or work', async () => {
  await assert.rejects(
    client.automation.withLock(' ', () => assert.fail('it was not taken')),
    ConfigError,
  );
  await assert.rejects(client.automation.withLock('job', 'work'), {
    name: 'ConfigError',
    message: "work has to be a function, not 'work'",
  });
  await assert.rejects(client.automation.withLock('job'), {
    message: 'work has to be a function, not undefined',
  });
  assert.equal((await simulator.log('automation')).length, 0);
});
