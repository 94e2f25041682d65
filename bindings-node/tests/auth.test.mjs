// What a client can ask about its sign-in, and how it ends it.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import {
  AuthError,
  AuthorizationSession,
  BeProduct,
  CallbackError,
  CallCancelledError,
  ClientClosedError,
  ConfigError,
  PermissionDeniedError,
} from 'beproduct-client';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

const open = (settings) => new BeProduct({ ...simulator.settings, ...settings });
const failure = (promise) => promise.catch((error) => error);

/** A store in memory. */
const memory = (tokens) => ({
  tokens,
  load() {
    return this.tokens;
  },
  save(tokens) {
    this.tokens = tokens;
  },
});

/** The tokens of a person who has just signed in, and the client's settings for them. */
async function signedIn() {
  const session = new AuthorizationSession({ ...simulator.signIn, redirectUri: simulator.at.redirect_uri });
  const tokens = await session.finish(await simulator.authorize(session.url));
  const none = { clientSecret: undefined, refreshToken: undefined };
  return { tokens, settings: { ...none, clientId: simulator.at.public_client_id } };
}

test('a client tells who is signed in', async () => {
  assert.deepEqual(await open().auth.userinfo(), {
    sub: simulator.at.administrator_id,
    preferredUsername: simulator.at.username,
    name: 'Sample Designer',
    email: 'designer@example.com',
    emailVerified: true,
  });
  assert.equal((await open().quota.status()).used, 0);
});

test('what else the identity server tells of a person keeps its name', async () => {
  const body = { sub: 'u-1', email_verified: 'true', office_city: 'Porto', phone: null };
  const headers = { 'content-type': 'application/json' };
  await simulator.faults({ path: 'userinfo', action: { status: 200, headers, body: JSON.stringify(body) } });
  const info = await open().auth.userinfo();
  assert.deepEqual(info, { sub: 'u-1', emailVerified: true, office_city: 'Porto', phone: null });
});

test('the tokens of a sign-in are taken from the store', async () => {
  const { tokens, settings } = await signedIn();
  const client = open({ ...settings, tokenStore: memory(tokens) });
  assert.equal((await client.style.folders()).length, 4);
  assert.equal((await client.auth.userinfo()).sub, simulator.at.administrator_id);
  await assert.rejects(open({ ...settings, tokenStore: memory() }).style.folders(), {
    name: 'AuthError',
    message: /nobody is signed in/,
  });
});

test('the browser is signed out by an address', async () => {
  const { tokens, settings } = await signedIn();
  const { auth } = open({ ...settings, tokenStore: memory(tokens) });
  const postLogoutRedirectUri = simulator.at.post_logout_redirect_uri;
  const url = await auth.endSessionUrl({ postLogoutRedirectUri });
  const answer = await fetch(url, { redirect: 'manual' });
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, postLogoutRedirectUri]);
  assert.equal((await fetch(await auth.endSessionUrl())).status, 200);
  assert.equal((await simulator.counts()).sign_outs, 2);
  const error = await failure(auth.endSessionUrl({ postLogoutRedirectUri: 'home' }));
  assert.ok(error instanceof ConfigError, inspect(error));
  assert.equal(await open().auth.endSessionUrl(), `${simulator.at.identity}/connect/endsession`);
});

test('a sign-out revokes the refresh token and empties the store of the host', async () => {
  const { tokens, settings } = await signedIn();
  const tokenStore = memory(tokens);
  const client = open({ ...settings, tokenStore });
  await client.style.folders();
  assert.equal(await client.auth.signOut(), true);
  assert.deepEqual(tokenStore.tokens, {});
  const errors = [client.style.folders(), client.style.list().collect(), client.auth.userinfo()].map(failure);
  for (const error of await Promise.all(errors)) assert.ok(error instanceof AuthError, inspect(error));
  const { refreshToken } = tokens;
  assert.equal((await failure(open({ ...settings, refreshToken }).style.folders())).code, 'invalid_grant');
  assert.equal(await client.auth.signOut(), false);
});

test('a sign-out removes the token file', async () => {
  const file = simulator.file('tokens.json');
  const client = open({ tokenStore: { file } });
  await client.style.folders();
  assert.ok(existsSync(file));
  assert.equal(await client.auth.signOut(), true);
  assert.ok(!existsSync(file));
  assert.ok((await failure(client.style.folders())) instanceof AuthError);
});

test('where nothing is revoked, a sign-out forgets', async () => {
  const old = await Simulator.start('--no-revocation', '--styles', '5');
  try {
    const client = new BeProduct(old.settings);
    await client.style.folders();
    assert.equal(await client.auth.signOut(), false);
    assert.ok((await failure(client.style.folders())) instanceof AuthError);
    assert.equal((await new BeProduct(old.settings).style.folders()).length, 4);
  } finally {
    await old.stop();
  }
});

test('the identity server says what it supports', async () => {
  const { issuer, revocation_endpoint } = await open().auth.discovery();
  assert.equal(issuer, simulator.at.identity);
  assert.equal(revocation_endpoint, `${issuer}/connect/revocation`);
});

for (const [ask, ...args] of [['userinfo'], ['endSessionUrl', {}], ['signOut'], ['discovery']]) {
  test(`${ask} takes a signal, and knows when the client is closed`, async () => {
    const client = open();
    const reason = new Error('too late');
    const error = await failure(client.auth[ask](...args, { signal: AbortSignal.abort(reason) }));
    assert.ok(error instanceof CallCancelledError, inspect(error));
    assert.deepEqual([error.outcome, error.cause], ['not_sent', reason]);
    assert.equal((await simulator.counts()).identity, 0);
    await client.close();
    assert.ok((await failure(client.auth[ask]())) instanceof ClientClosedError);
  });
}

test('a signal ends a question and its request', async () => {
  const controller = new AbortController();
  await simulator.faults({ path: 'userinfo', action: { hang: true } });
  const asking = open().auth.userinfo({ signal: controller.signal });
  await simulator.arrived(2, 'identity');
  controller.abort();
  await assert.rejects(asking, { name: 'CallCancelledError', cause: controller.signal.reason });
  let entry;
  do {
    entry = (await simulator.log('identity')).at(-1);
  } while (!entry.closed_by_client);
});

test('the exception of a store is the cause here too', async () => {
  const broken = new TypeError('no such table');
  const load = () => {
    throw broken;
  };
  const error = await failure(open({ tokenStore: { load, save() {} } }).auth.signOut());
  assert.ok(error instanceof CallbackError);
  assert.equal(error.cause, broken);
});

test('an application signs in as itself', async () => {
  const client = open({ clientCredentials: true, refreshToken: undefined });
  assert.equal((await client.style.folders()).length, 4);
  const [{ user }] = await simulator.log();
  assert.equal(user, simulator.at.client_id);
  assert.ok((await failure(client.auth.userinfo())) instanceof PermissionDeniedError);
  assert.throws(() => open({ clientCredentials: true }), /refresh_token/);
  assert.throws(
    () => open({ clientCredentials: true, refreshToken: undefined, clientSecret: undefined }),
    /client_credentials needs/,
  );
});

test('the access token of a read goes in the query where that is asked for', async () => {
  const lines = [];
  const client = open({ accessTokenInQuery: true, onLog: (record) => lines.push(record) });
  const [style] = await client.style.list().collect();
  await client.style.get(style.id);
  await client.style.update(style.id, { fields: { header_name: 'New' } });
  await simulator.faults({ path: 'Folders', times: 0, action: { status: 403, body: 'no' } });
  const error = await failure(client.style.folders());
  const log = await simulator.log();
  assert.deepEqual(new Set(log.map(({ method }) => method)), new Set(['GET', 'POST']));
  const secrets = [];
  for (const { method, target, headers } of log) {
    const token = new URL(target, simulator.at.api).searchParams.get('access_token');
    assert.equal(token !== null, method === 'GET', target);
    assert.equal(headers.authorization !== undefined, method === 'POST', target);
    if (token) secrets.push(token);
  }
  await client.close();
  assert.ok(lines.length > 0 && error instanceof PermissionDeniedError);
  const text = inspect([lines, error, error.toJSON()], { depth: 9, showHidden: true });
  for (const secret of ['access_token=', ...secrets]) assert.ok(!text.includes(secret), text);
});

test(
  'a keyring that is not there is an error of its own',
  { skip: process.platform !== 'linux' },
  async () => {
    process.env.DBUS_SESSION_BUS_ADDRESS = 'unix:path=/nonexistent';
    const error = await failure(open({ tokenStore: { keyring: 'acme' } }).style.folders());
    assert.ok(error instanceof ConfigError, inspect(error));
    assert.match(error.message, /keyring/);
  },
);

test('nothing that is shown holds a secret', async () => {
  const tokens = {
    accessToken: 'MARKER-access',
    refreshToken: 'MARKER-refresh',
    idToken: 'MARKER-id',
    expiresAt: 1,
  };
  const lines = [];
  const client = open({
    clientSecret: 'MARKER-client-secret',
    refreshToken: undefined,
    tokenStore: memory(tokens),
    onLog: (record) => lines.push(record),
  });
  const errors = [
    await failure(client.style.folders()),
    await failure(client.auth.userinfo()),
    await failure(client.auth.endSessionUrl({ postLogoutRedirectUri: 'home' })),
    await failure(client.auth.signOut()),
  ];
  assert.ok(errors[0] instanceof AuthError && errors[1] instanceof AuthError, inspect(errors));
  await client.close();
  assert.equal(inspect(client.auth), 'Auth {}');
  const shown = [client, client.auth, lines, ...errors];
  const text = shown.map((value) => inspect(value, { depth: 9, showHidden: true })).join();
  assert.ok(!text.includes('MARKER'), text);
  assert.ok(!JSON.stringify(errors).includes('MARKER'));
});
