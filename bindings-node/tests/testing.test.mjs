// What programs test themselves with: answers from a table in place of a server.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { ConfigError, NetworkError, NotFoundError, Plan } from 'beproduct-client';
import { answeringClient } from 'beproduct-client/testing';

test('the example of the README', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, table, call] = /answeringClient\((\[\n.*?^\])\);\n(const style = .*?)\n```/ms.exec(readme);
  const AsyncFunction = (async () => {}).constructor;
  const client = answeringClient(new Function(`return ${table}`)());
  const style = await new AsyncFunction('client', `${call}\nreturn style;`)(client);
  assert.deepEqual(style, { id: '7', headerNumber: 'ST-7' });
  assert.equal((await client.style.folders())[0].name, 'Fall');
});

test('each request receives the first answer that fits', async () => {
  const client = answeringClient([
    { path: 'Style/Folders', body: [{ id: '1', name: 'Fall' }], times: 1 },
    { path: 'Style/Folders', body: [] },
    { path: 'Style/Header/7', status: 404, body: { message: 'gone' } },
    { method: 'POST', path: 'Style/Headers?pageNumber=0', body: { result: [{ id: 'a' }], total: 1 } },
    { path: '/ids/.well-known/openid-configuration', body: { issuer: 'test' } },
    { path: 'Echo', text: '{"big": 1e400}', headers: { 'x-request-id': 'r-1' } },
  ]);
  assert.deepEqual(await client.style.folders(), [{ id: '1', name: 'Fall' }]);
  assert.deepEqual(await client.style.folders(), []);
  await assert.rejects(client.style.get('7'), NotFoundError);
  assert.deepEqual(
    (await client.style.list().collect()).map(({ id }) => id),
    ['a'],
  );
  assert.deepEqual(await client.auth.discovery(), { issuer: 'test' });
  const { raw, meta } = await client.withResponse.raw.get('Echo');
  assert.deepEqual([raw.toString(), meta.requestId], ['{"big": 1e400}', 'r-1']);
});

test('a request that no answer fits fails, and names itself', async () => {
  const client = answeringClient([{ method: 'POST', path: 'Info/Version' }]);
  const error = await client.system.version().catch((error) => error);
  assert.ok(error instanceof NetworkError && error.outcome === 'not_sent', String(error));
  assert.match(error.message, /none for GET Info\/Version/);
});

test('names in an answer stay as they are', async () => {
  const body = { folderId: 1, folder_id: 2, headers: { maxWait: [{ pageSize: 3 }] } };
  const client = answeringClient([{ path: 'Echo', body, headers: { folderId: 'x' } }]);
  const answer = await client.withResponse.raw.get('Echo');
  assert.deepEqual(answer.body, body);
  assert.equal(answer.meta.headers.get('folderId'), 'x');
});

test('pauses return at once, and settings may be given', async () => {
  const client = answeringClient(
    [
      { path: 'Info/Version', status: 503, times: 1 },
      { path: 'Info/Version', body: '1' },
    ],
    { plan: Plan.requestsPerDay(2) },
    { start: 1_700_000_000 },
  );
  const { meta } = await client.withResponse.system.version();
  assert.equal(meta.waits[0].reason, 'backoff');
  await assert.rejects(client.system.version(), { kind: 'quota_exceeded' });
  assert.equal((await client.quota.status()).resetsAt, '2023-11-15T00:00:00Z');
});

test('a wrong table is refused', () => {
  for (const [answers, message] of [
    [[{ path: 'x', state: 3 }], /unknown field `state`/],
    [[{ path: 'x', status: 99 }], /answers\[0\]: 99/],
    [[{ path: 'x', body: 1, text: '1' }], /either body or text/],
    [[{ path: 'x', body: () => 1 }], /settings\.testing\.answers\[0\]\.body is a function/],
    [[{}], /missing field `path`/],
  ]) {
    assert.throws(
      () => answeringClient(answers),
      (error) => error instanceof ConfigError && message.test(error.message),
      String(message),
    );
  }
  assert.throws(() => answeringClient([], { timout: 3 }), /no setting "timout"/);
});
