import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { AuthError, BeProduct, ConfigError } from 'beproduct-client';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(() => simulator.reset({ rotation: 'strict' }));
after(() => simulator.stop());

const open = (tokenStore) => new BeProduct({ ...simulator.settings, tokenStore });

/** A store in memory, plain or asynchronous. */
const memory = (wrap = (value) => value) => ({
  tokens: undefined,
  saves: 0,
  load() {
    return wrap(this.tokens);
  },
  save(tokens) {
    this.tokens = tokens;
    this.saves += 1;
    return wrap(undefined);
  },
});

for (const [name, wrap] of [
  ['a plain', (value) => value],
  ['an asynchronous', async (value) => value],
]) {
  test(`${name} store carries a sign-in from one client to the next`, async () => {
    const store = memory(wrap);
    await open(store).style.folders();
    assert.equal(store.saves, 1);
    assert.notEqual(store.tokens.refreshToken, simulator.at.refresh_token);
    assert.ok(store.tokens.accessToken && store.tokens.expiresAt && store.tokens.origin);
    await open(store).style.folders();
    assert.equal((await simulator.counts()).token, 1);
  });
}

test('the exception of a store is the cause of the error', async () => {
  const broken = new TypeError('no such table');
  const store = {
    ...memory(),
    save() {
      throw broken;
    },
  };
  const client = open(store);
  const errors = await Promise.all(
    [1, 2].map((n) => client.style.folders({}, { extraQuery: { n } }).catch((error) => error)),
  );
  for (const error of errors) {
    assert.ok(error instanceof AuthError);
    assert.equal(error.message, 'the token store could not be written: no such table');
    assert.equal(error.cause, broken);
  }
  const loading = await open({ ...memory(), load: () => Promise.reject('a text') })
    .style.folders()
    .catch((error) => error);
  assert.equal(loading.cause, 'a text');
});

test('a store that returns no tokens is refused', async () => {
  const error = await open({ ...memory(), load: () => [1] })
    .style.folders()
    .catch((error) => error);
  assert.ok(error instanceof AuthError && error.cause instanceof ConfigError, inspect(error));
});

test('tokens that could not be saved are saved by the next call', async () => {
  const store = memory();
  const save = store.save;
  store.save = () => {
    throw new Error('busy');
  };
  const client = open(store);
  await assert.rejects(client.style.folders(), AuthError);
  store.save = save;
  await client.style.folders();
  assert.deepEqual([store.saves, (await simulator.counts()).token], [1, 1]);
});
