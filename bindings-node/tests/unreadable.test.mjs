// Answers that JavaScript cannot read.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { BeProduct, DecodeError } from 'beproduct-client';

import { transcript } from './transcript.mjs';

const NOT_UTF8 = '"\xff"';

/** Deeper than the stack of the parser that keeps decimals. */
const DEEP = `${'['.repeat(100_000)}"MARKER"${']'.repeat(100_000)}`;

/** Answers with what is in `bodies`, by a part of the address: bytes as text in Latin-1, or a function that resolves to them. */
let server, bodies, requests, client;
before(async () => {
  server = createServer(async (request, response) => {
    requests += 1;
    const [, body] = Object.entries(bodies).find(([part]) => request.url.includes(part)) ?? [];
    response.setHeader('content-type', 'application/json');
    response.setHeader('x-request-id', 'r-1');
    response.statusCode = body === undefined ? 404 : 200;
    const text = typeof body === 'function' ? await body() : (body ?? '');
    response.end(Buffer.from(text, 'latin1'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => {
  requests = 0;
  client = new BeProduct({
    companyDomain: 'acme',
    accessToken: 'token',
    apiUrl: `http://127.0.0.1:${server.address().port}`,
    ledger: 'memory',
    decimals: 'exact',
    ...transcript,
  });
});
after(() => server.close());

const failure = (promise) =>
  promise.then(
    (value) => assert.fail(`it did not fail: ${inspect(value)}`),
    (error) => error,
  );

const assertUnreadable = (error, operation, outcome) => {
  assert.ok(error instanceof DecodeError, inspect(error));
  const { kind, status, requestId, attempts } = error;
  assert.deepEqual(
    { kind, operation: error.operation, status, requestId, outcome: error.outcome },
    { kind: 'decode', operation, status: 200, requestId: 'r-1', outcome },
  );
  assert.ok(attempts.length > 0);
};

test('an answer that is not UTF-8 is refused for a read, and applied for a write', async () => {
  bodies = { Folders: `[{"id":${NOT_UTF8}}]`, Create: `{"id":"1","headerName":${NOT_UTF8}}` };
  const error = await failure(client.style.folders());
  assertUnreadable(error, 'style.folders', 'refused');
  assert.match(error.message, /not valid UTF-8/);
  const created = await failure(client.style.create('f', { fields: { header_name: 'New' } }));
  assertUnreadable(created, 'style.attributes_create', 'applied');
});

test('the bytes of an answer that cannot be read are in the response all the same', async () => {
  bodies = { Folders: `[{"id":${DEEP}}]` };
  const response = await client.withResponse.style.folders();
  assert.equal(response.meta.status, 200);
  assert.equal(response.raw.toString('latin1'), bodies.Folders);
  assert.throws(
    () => response.body,
    (error) => {
      assertUnreadable(error, 'style.folders', 'refused');
      // What the parser says may hold a part of the answer.
      assert.ok(!inspect(error, { depth: 9 }).includes('MARKER'));
      return true;
    },
  );
  assert.match(inspect(response), /raw/);
});

for (const [what, name] of [
  ['is not UTF-8', NOT_UTF8],
  ['cannot be parsed', DEEP],
]) {
  test(`a page that ${what} can be asked for again, and nothing of the list is lost`, async () => {
    const page = (id, name) => `{"result":[{"id":"${id}","headerName":${name}}],"total":3}`;
    bodies = {
      'pageNumber=0': page('a', '"A"'),
      'pageNumber=1': page('b', name),
      'pageNumber=2': page('c', '"C"'),
    };
    const pager = client.style.list({}, { pageSize: 1 });
    const ids = [];
    const loop = async () => {
      for await (const { id } of pager) ids.push(id);
    };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      assertUnreadable(await failure(loop()), 'style.attributes_list', 'refused');
    }
    assertUnreadable(await failure(pager.collect()), 'style.attributes_list', 'refused');
    assert.deepEqual([ids, pager.position.page], [['a'], 1]);
    bodies['pageNumber=1'] = page('b', '"B"');
    if (name === NOT_UTF8) {
      await loop();
      assert.deepEqual(ids, ['a', 'b', 'c']);
      return;
    }
    // It has come: its bytes are there, and it is not fetched again.
    const rest = [];
    for await (const page of pager.pages()) rest.push(page);
    assert.throws(() => rest[0].records, DecodeError);
    assert.equal(rest[0].raw.toString('latin1'), page('b', DEEP));
    assert.equal(rest[1].records[0].id, 'c');
    assert.deepEqual(pager.position, { page: 3, records: 3, total: 3 });
    assert.equal(requests, 3);
  });
}

test('a page that cannot be parsed does not cancel the next one', async () => {
  const page = (name) => `{"result":[{"id":"${name.length}","headerName":${name}}],"total":3}`;
  let asked, answer;
  const next = new Promise((resolve) => (asked = resolve));
  const later = new Promise((resolve) => (answer = resolve));
  bodies = {
    'pageNumber=0': page('"A"'),
    'pageNumber=1': () => next.then(() => page(DEEP)),
    'pageNumber=2': () => (asked(), later),
  };
  const pager = client.style.list({}, { pageSize: 1 });
  const loop = async () => {
    for await (const { headerName } of pager) assert.equal(headerName, 'A');
  };
  assertUnreadable(await failure(loop()), 'style.attributes_list', 'refused');
  answer(page('"CC"'));
  const rest = [];
  for await (const page of pager.pages()) rest.push(page);
  assert.throws(() => rest[0].records, DecodeError);
  assert.equal(rest[1].records[0].headerName, 'CC');
  assert.equal(requests, 3);
});

test('the total of a list is known although its first page cannot be parsed', async () => {
  bodies = { 'pageNumber=0': `{"result":[{"id":${DEEP}}],"total":3}` };
  const pager = client.style.list({}, { pageSize: 1 });
  assert.equal(await pager.total(), 3);
  assert.equal(requests, 1);
});
