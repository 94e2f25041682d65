import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { BeProduct, CallbackError } from 'beproduct-client';

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
    [1, 2].map((n) => client.style.folders({ extraQuery: { n } }).catch((error) => error)),
  );
  for (const error of errors) {
    assert.ok(error instanceof CallbackError);
    assert.equal(error.message, 'the token store could not be written: no such table');
    assert.equal(error.cause, broken);
  }
  const loading = await open({ ...memory(), load: () => Promise.reject('a text') })
    .style.folders()
    .catch((error) => error);
  assert.equal(loading.cause, 'a text');
});

test('tokens show only their names when they are printed', async () => {
  const store = memory();
  await open(store).style.folders();
  assert.ok(store.tokens.accessToken);
  assert.match(inspect(store.tokens), /^Tokens \{ accessToken, .*refreshToken.* \}$/);
  assert.match(inspect({ store }, { depth: 9, showHidden: true }), /tokens: Tokens \{ accessToken, /);
  assert.equal(JSON.parse(JSON.stringify(store.tokens)).accessToken, store.tokens.accessToken);
});

test('a store that returns no tokens is refused', async () => {
  for (const [answer, message] of [
    [[1], 'load has to give an object with tokens or nothing, not a list'],
    ['MARKER', 'load has to give an object with tokens or nothing, not a text'],
    [new Map(), 'what it returns is a Map, which JSON cannot hold'],
    [{ refreshToken: 'a', refresh_token: 'a' }, 'what it returns.refresh_token is given twice'],
  ]) {
    for (const load of [() => answer, async () => answer]) {
      const error = await open({ ...memory(), load })
        .style.folders()
        .catch((error) => error);
      assert.ok(error instanceof CallbackError, inspect(error));
      const [, said] = /^the token store could not be read: (.*)$/.exec(error.message);
      assert.equal(said, message);
      assert.ok(!inspect(error).includes('MARKER'));
    }
  }
});

test('tokens that could not be saved are saved by the next call', async () => {
  const store = memory();
  const save = store.save;
  store.save = () => {
    throw new Error('busy');
  };
  const client = open(store);
  await assert.rejects(client.style.folders(), CallbackError);
  store.save = save;
  await client.style.folders();
  assert.deepEqual([store.saves, (await simulator.counts()).token], [1, 1]);
});

/** A store of which those who use it one at a time may renew. */
const shared = () => {
  const store = {
    ...memory(),
    isLocked: false,
    events: [],
    async tryLock() {
      if (store.isLocked) return store.refuse();
      store.isLocked = true;
      store.events.push('locked');
      return true;
    },
    async save(tokens) {
      store.tokens = tokens;
      store.events.push('saved');
    },
    async unlock() {
      store.isLocked = false;
      store.events.push('unlocked');
    },
  };
  store.refused = new Promise((resolve) => {
    store.refuse = () => {
      resolve();
      return false;
    };
  });
  return store;
};

test('of all who share a store one renews', async () => {
  const store = shared();
  await simulator.faults({ path: 'connect/token', base: 'identity', action: { hang: true } });
  const first = open(store).style.folders();
  await simulator.arrived(1, 'identity');
  const second = open(store).style.folders();
  await store.refused;
  await simulator.release();
  const answers = await Promise.all([first, second]);
  assert.deepEqual(
    answers.map(({ length }) => length),
    [4, 4],
  );
  assert.equal((await simulator.counts()).token, 1);
  // The second found what the first had saved.
  assert.deepEqual(store.events, ['locked', 'saved', 'unlocked', 'locked', 'unlocked']);
});

test('a lock that cannot be had fails the call', async () => {
  const away = new Error('the database is away');
  for (const [tryLock, message, isCause] of [
    [() => Promise.reject(away), 'the database is away', (cause) => cause === away],
    [() => undefined, 'try_lock has to give true or false, not nothing', (cause) => cause === undefined],
    [() => 'yes', 'try_lock has to give true or false, not a text', (cause) => cause === undefined],
  ]) {
    const store = { ...shared(), tryLock };
    const error = await open(store)
      .style.folders()
      .catch((error) => error);
    assert.ok(error instanceof CallbackError && isCause(error.cause), inspect(error));
    assert.equal(error.message, `the token store could not be locked: ${message}`);
    assert.deepEqual(store.events, []);
  }
  assert.equal((await simulator.counts()).token, 0);
});

test('a lock that comes too late is given back', async () => {
  const store = shared();
  const controller = new AbortController();
  let answer;
  const asked = new Promise((resolve) => {
    store.tryLock = () => {
      resolve();
      return new Promise((resolve) => (answer = resolve));
    };
  });
  const unlocked = new Promise((resolve) => (store.unlock = resolve));
  const leaving = open(store).auth.signOut({ signal: controller.signal });
  await asked;
  controller.abort();
  await assert.rejects(leaving, { name: 'CallCancelledError' });
  answer(true);
  await unlocked;
});

test('a lock that cannot be given back is a warning', async () => {
  const warnings = [];
  const warn = (warning) => warnings.push(warning.message);
  process.on('warning', warn);
  try {
    const store = shared();
    for (const fail of [() => Promise.reject(new Error('gone')), () => assert.fail('gone')]) {
      const client = open(store);
      store.events = [];
      store.unlock = () => {
        store.isLocked = false;
        store.events.push('failed');
        return fail();
      };
      for (const _ of [1, 2]) {
        await simulator.expireTokens();
        await client.style.folders();
      }
      assert.deepEqual(store.events, ['locked', 'saved', 'failed', 'locked', 'saved', 'failed']);
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(warnings.length, 2);
    for (const warning of warnings) assert.match(warning, /^tokenStore\.unlock failed: .*gone/);
  } finally {
    process.off('warning', warn);
  }
});
