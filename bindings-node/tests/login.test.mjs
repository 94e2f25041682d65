// Sign-in with a browser, whose part the tests play.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import {
  AuthError,
  BeProduct,
  CallCancelledError,
  ConfigError,
  login,
  CallTimeoutError,
} from 'beproduct-client';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
  process.env.BEPRODUCT_CREDENTIALS_FILE = simulator.file('credentials.toml');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

const HERE = { freePort: true, openBrowser: false };

/** Begins a sign-in; resolves to the address that the person is given, and to the promise of what comes of it. */
const begin = async (settings, options) => {
  let result;
  const url = await new Promise((resolve, reject) => {
    result = login({ ...simulator.signIn, ...settings }, { ...HERE, onUrl: resolve, ...options });
    // Who waits for the tokens sees it too.
    result.catch(reject);
  });
  return { url, result };
};
const redirectUriOf = (url) => new URL(url).searchParams.get('redirect_uri');
const failure = (promise) => promise.catch((error) => error);

/** Fails when somebody listens at this address still. */
const assertFree = async (redirectUri) => {
  const server = createServer().listen(Number(new URL(redirectUri).port), '127.0.0.1');
  await once(server, 'listening');
  server.close();
};

test('a person signs in at a free port', async () => {
  const { url, result } = await begin();
  assert.match(redirectUriOf(url), /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  const page = await fetch(await simulator.authorize(url));
  assert.equal(page.status, 200);
  assert.match(await page.text(), /You are signed in/);
  const { refreshToken, idToken, scope } = await result;
  assert.ok(refreshToken && idToken);
  assert.ok(scope === undefined || scope.includes('openid'));
  await assertFree(redirectUriOf(url));
  const { clientId } = simulator.signIn;
  const client = new BeProduct({ ...simulator.settings, clientId, clientSecret: undefined, refreshToken });
  assert.equal((await client.auth.userinfo()).preferredUsername, simulator.at.username);
});

test('a person signs in by an old registration', async () => {
  const clientId = simulator.at.legacy_client_id;
  const { url, result } = await begin({ clientId, responseType: 'id_token token' });
  const { origin, pathname, hash } = new URL(await simulator.authorize(url));
  const address = origin + pathname;
  assert.match(await (await fetch(address)).text(), /fetch\(location\.pathname, \{ method: 'POST'/);
  const hand = (from) => fetch(address, { method: 'POST', headers: { origin: from }, body: hash.slice(1) });
  assert.equal((await hand('http://127.0.0.1:9')).status, 403);
  assert.equal((await hand(origin)).status, 200);
  const { accessToken, refreshToken } = await result;
  assert.ok(accessToken);
  assert.equal(refreshToken, undefined);
});

test('a signal ends the sign-in, and nobody listens any more', async () => {
  const controller = new AbortController();
  const { url, result } = await begin({}, { signal: controller.signal });
  const reason = new Error('changed my mind');
  controller.abort(reason);
  const error = await failure(result);
  assert.ok(error instanceof CallCancelledError, inspect(error));
  assert.equal(error.cause, reason);
  await assertFree(redirectUriOf(url));
});

test('a signal that is aborted already, or while the address is shown', async () => {
  let shown = 0;
  const onUrl = () => (shown += 1);
  const ended = AbortSignal.abort('too late');
  const error = await failure(login(simulator.signIn, { ...HERE, onUrl, signal: ended }));
  assert.ok(error instanceof CallCancelledError, inspect(error));
  assert.deepEqual([shown, error.outcome, error.cause], [0, 'not_sent', 'too late']);
  const controller = new AbortController();
  let url;
  const abort = (address) => {
    url = address;
    controller.abort();
  };
  const { signal } = controller;
  const later = await failure(login(simulator.signIn, { ...HERE, onUrl: abort, signal }));
  assert.ok(later instanceof CallCancelledError, inspect(later));
  await assertFree(redirectUriOf(url));
});

test('what shows the address may fail', async () => {
  let url;
  const onUrl = (address) => {
    url = address;
    throw new RangeError('no screen');
  };
  await assert.rejects(login(simulator.signIn, { ...HERE, onUrl }), RangeError);
  await assertFree(redirectUriOf(url));
});

test('what shows the address may fail later, and may take as long as the person', async () => {
  let url;
  const onUrl = async (address) => {
    url = address;
    await new Promise((resolve) => setImmediate(resolve));
    throw new RangeError('no screen');
  };
  await assert.rejects(login(simulator.signIn, { ...HERE, onUrl }), RangeError);
  await assertFree(redirectUriOf(url));
  const visit = async (address) => {
    await fetch(await simulator.authorize(address));
    await new Promise(() => {});
  };
  assert.ok((await login(simulator.signIn, { ...HERE, onUrl: visit })).accessToken);
});

test('another answer is turned away, and the right one is still accepted', async () => {
  const { url, result } = await begin();
  const wrong = await fetch(`${redirectUriOf(url)}?code=MARKER&state=another`);
  assert.equal(wrong.status, 400);
  const page = await wrong.text();
  assert.ok(page.includes('not signed in') && !page.includes('MARKER'), page);
  assert.equal((await fetch(await simulator.authorize(url))).status, 200);
  assert.ok((await result).accessToken);
});

test('consent that is denied, and an ID token that is wrong, end it', async () => {
  const denied = await begin();
  const state = new URL(denied.url).searchParams.get('state');
  await fetch(`${redirectUriOf(denied.url)}?error=access_denied&state=${state}`);
  assert.equal((await failure(denied.result)).code, 'access_denied');
  await simulator.attack('tampered');
  const { url, result } = await begin();
  assert.equal((await fetch(await simulator.authorize(url))).status, 400);
  const error = await failure(result);
  assert.ok(error instanceof AuthError);
  assert.equal(error.code, 'id_token_signature');
  await assertFree(redirectUriOf(url));
});

test('nobody comes', async () => {
  const { url, result } = await begin({}, { timeout: 0.1 });
  const error = await failure(result);
  assert.ok(error instanceof CallTimeoutError, inspect(error));
  await assertFree(redirectUriOf(url));
});

test('the settings are checked', async () => {
  const { redirectUri } = simulator.signIn;
  for (const [settings, message, options] of [
    [{ clientId: undefined }, /client_id is missing/],
    [{ redirectUri: 'https://example.com/back' }, /free port/],
    [{}, /free_port|bool/, { freePort: 'yes' }],
    [{}, /timeout/, { timeout: -1 }],
    [{}, /options\.onUrl/, { onUrl: 'console' }],
    [{}, /no option "openbrowser"; did you mean "open_browser"\?/, { openbrowser: true }],
    [{ company: 'acme' }, /no setting "company"/],
    [{ profile: '../x', companyDomain: 'acme' }, /profile/],
    [{ profile: 'acme' }, /company_domain/],
  ]) {
    const error = await failure(login({ ...simulator.signIn, ...settings }, { ...HERE, ...options }));
    assert.ok(error instanceof ConfigError && message.test(error.message), inspect(error));
  }
  await assert.rejects(login(), ConfigError);
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const at = redirectUri.replace('127.0.0.1', `127.0.0.1:${taken.address().port}`);
  await assert.rejects(login({ ...simulator.signIn, redirectUri: at }, { openBrowser: false }), /can listen/);
  taken.close();
});

test('a sign-in is kept in a profile, and repeated by its name', async () => {
  const { company: companyDomain, api: apiUrl, username } = simulator.at;
  const { url, result } = await begin({ profile: 'shop', companyDomain, apiUrl });
  await fetch(await simulator.authorize(url));
  await result;
  assert.match(readFileSync(process.env.BEPRODUCT_CREDENTIALS_FILE, 'utf8'), /^\[shop\]$/m);
  assert.equal(statSync(simulator.file('shop.tokens.json')).mode & 0o777, 0o600);
  const open = () => new BeProduct({ profile: 'shop', ledger: 'memory' });
  assert.equal((await open().auth.userinfo()).preferredUsername, username);
  assert.equal(await open().auth.signOut(), true);
  await assert.rejects(open().style.folders(), { name: 'AuthError', message: /nobody is signed in/ });
  const again = await new Promise((resolve) => {
    const waiting = login({ profile: 'shop' }, { ...HERE, onUrl: visit });
    async function visit(address) {
      await fetch(await simulator.authorize(address));
      resolve(waiting);
    }
  });
  assert.ok(again.refreshToken);
  assert.equal((await open().style.folders()).length, 4);
});

test('nothing that is shown holds a secret', async () => {
  const { url, result } = await begin({ clientSecret: 'MARKER-secret' });
  const state = new URL(url).searchParams.get('state');
  await fetch(`${redirectUriOf(url)}?code=MARKER-code&state=${state}`);
  const error = await failure(result);
  assert.ok(error instanceof AuthError, inspect(error));
  const text = inspect([error, result], { depth: 9, showHidden: true }) + JSON.stringify(error);
  for (const secret of ['MARKER', state]) assert.ok(!text.includes(secret), text);
});
