// Sign-in of a person, step by step.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { AuthError, AuthorizationSession, BeProduct, ConfigError } from 'beproduct-client';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

const begin = (settings) =>
  new AuthorizationSession({ ...simulator.signIn, redirectUri: simulator.at.redirect_uri, ...settings });
const implicit = () => ({ clientId: simulator.at.legacy_client_id, responseType: 'id_token token' });
const confidential = () => ({ clientId: simulator.at.client_id, clientSecret: simulator.at.client_secret });
const parametersOf = (session) => new URL(session.url).searchParams;
const failure = (session, redirect) => session.finish(redirect).catch((error) => error);

test('a person signs in', async () => {
  const session = begin(confidential());
  assert.ok(session.url.startsWith(`${simulator.at.identity}/connect/authorize?`));
  assert.equal(parametersOf(session).get('response_type'), 'code');
  const redirect = await simulator.authorize(session.url);
  const { accessToken, refreshToken, idToken, expiresAt } = await session.finish(redirect);
  assert.ok(accessToken && refreshToken && idToken && expiresAt);
  const { company, api } = simulator.at;
  const client = new BeProduct({ companyDomain: company, accessToken, apiUrl: api, ledger: 'memory' });
  assert.equal((await client.style.folders()).length, 4);
  await assert.rejects(session.finish(redirect), ConfigError);
});

test('an old registration brings the tokens back at once', async () => {
  const session = begin(implicit());
  assert.equal(parametersOf(session).get('response_type'), 'id_token token');
  assert.ok(parametersOf(session).get('nonce'));
  const redirect = await simulator.authorize(session.url);
  assert.match(redirect, /#.*id_token=/);
  const { accessToken, idToken, refreshToken, scope } = await session.finish(redirect);
  assert.ok(accessToken && idToken);
  assert.equal(refreshToken, undefined);
  assert.match(scope, /^openid /);
  assert.equal((await simulator.counts()).token, 0);
});

test('PKCE is left out where the server refuses it', async () => {
  await simulator.reset({ refuse_pkce: true });
  const proven = begin(confidential());
  assert.ok(parametersOf(proven).get('code_challenge'));
  const error = await failure(proven, await simulator.authorize(proven.url));
  assert.ok(error instanceof AuthError);
  assert.equal(error.code, 'invalid_request');
  assert.match(error.message, /PKCE, which the setting pkce leaves out/);
  const session = begin({ ...confidential(), pkce: false });
  assert.equal(parametersOf(session).get('code_challenge'), null);
  assert.ok((await session.finish(await simulator.authorize(session.url))).refreshToken);
});

for (const [flow, settings] of [
  ['code', confidential],
  ['id_token token', implicit],
]) {
  for (const [attack, code] of [
    ['tampered', 'id_token_signature'],
    ['alg_none', 'id_token_unsigned'],
    ['nonce', 'id_token_nonce'],
    ['expired', 'id_token_expired'],
  ]) {
    test(`an ID token by "${flow}" that is wrong (${attack}) is refused`, async () => {
      await simulator.attack(attack);
      const session = begin(settings());
      const error = await failure(session, await simulator.authorize(session.url));
      assert.ok(error instanceof AuthError, inspect(error));
      assert.equal(error.code, code);
    });
  }
}

test('an answer to another sign-in is refused, and the right one is still accepted', async () => {
  const session = begin();
  const error = await failure(session, await simulator.authorize(begin().url));
  assert.ok(error instanceof AuthError);
  assert.equal(error.code, 'state_mismatch');
  assert.ok((await session.finish(await simulator.authorize(session.url))).accessToken);
});

test('a sign-in checks its settings', async () => {
  assert.throws(() => new AuthorizationSession({ clientId: 'x' }), /redirect_uri is missing/);
  assert.throws(() => new AuthorizationSession({ clientID: 'x' }), ConfigError);
  assert.throws(() => begin({ responseType: 'token' }), /response_type "token"/);
  assert.throws(() => begin({ responseType: 'id_token token', scope: 'roles' }), /openid/);
  assert.throws(() => begin({ pkce: 'no' }), ConfigError);
  assert.ok((await failure(begin(), 'nowhere')) instanceof ConfigError);
});

test('nothing that is shown holds a secret', async () => {
  const session = begin({ clientSecret: 'MARKER-client-secret' });
  const shown = [
    session,
    await failure(session, 'http://127.0.0.1:9/callback?code=MARKER-code&state=MARKER-state'),
  ];
  shown.push(await failure(session, await simulator.authorize(session.url)));
  assert.ok(shown[1] instanceof AuthError && shown[2] instanceof AuthError);
  assert.equal(inspect(session), 'AuthorizationSession {}');
  const text = shown
    .map((value) => inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value))
    .join();
  for (const secret of ['MARKER', parametersOf(session).get('state'), parametersOf(session).get('nonce')]) {
    assert.ok(!text.includes(secret), text);
  }
});
