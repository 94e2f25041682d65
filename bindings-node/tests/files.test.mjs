import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, beforeEach, test } from 'node:test';

import { BeProductError, CallbackError, ConfigError } from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';

import { Simulator } from './simulator.mjs';

const PICTURE = Buffer.from('a picture');

let simulator;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'beproduct-client-'));
  simulator = await Simulator.start('--styles', '3', '--materials', '1', '--table-rows', '1');
});
beforeEach(() => simulator.reset());
after(() => {
  rmSync(folder, { recursive: true });
  return simulator.stop();
});

const open = (settings) => recordedClient({ ...simulator.settings, ...settings });
const quick = { waitTimeout: 0 };

async function style(client) {
  const [first] = await client.style.list({}, { pageSize: 1 }).collect();
  return first.id;
}

async function sent() {
  const uploads = (await simulator.log()).filter(({ target }) => target.includes('Image/Upload'));
  return uploads.at(-1).body;
}

function withResolvers() {
  let resolve;
  const promise = new Promise((given) => (resolve = given));
  return { promise, resolve };
}

async function* chunks() {
  yield PICTURE.subarray(0, 4);
  yield PICTURE.subarray(4);
}

test('every form of a file is sent', async () => {
  const client = open();
  const id = await style(client);
  const path = join(folder, 'front ü.png');
  writeFileSync(path, PICTURE);
  for (const [file, name] of [
    [path, 'front ü.png'],
    [{ path, name: 'back.png' }, 'back.png'],
    [{ name: 'a.png', content: PICTURE }, 'a.png'],
    [{ name: 'b.png', content: new Uint8Array(PICTURE) }, 'b.png'],
    [{ name: 'c.png', content: new Blob([PICTURE]) }, 'c.png'],
    [new File([PICTURE], 'd.png'), 'd.png'],
    [{ name: 'e.png', content: Readable.from(chunks()) }, 'e.png'],
    [{ name: 'f.png', content: new Blob([PICTURE]).stream() }, 'f.png'],
    [{ name: 'g.png', content: chunks() }, 'g.png'],
    [{ name: 'h.png', content: chunks(), length: PICTURE.length }, 'h.png'],
  ]) {
    assert.ok((await client.style.upload(id, { file }, quick)).imageId, name);
    const body = await sent();
    assert.ok(body.includes(`filename="${name}"`), body);
    assert.ok(body.includes(`\r\n\r\n${PICTURE}\r\n--`), `${name}: ${body}`);
  }
});

test('what can be read again is sent again', async () => {
  const client = open();
  const id = await style(client);
  for (const content of [PICTURE, new Blob([PICTURE])]) {
    await simulator.faults({ path: 'Image/Upload', action: { status: 401 } });
    let total;
    const progress = (seen) => (total = seen.total);
    await client.style.upload(id, { file: { name: 'a.png', content } }, { ...quick, progress });
    assert.ok((await sent()).includes(`\r\n\r\n${PICTURE}\r\n--`));
    assert.equal(total, PICTURE.length);
  }
  await simulator.faults({ path: 'Image/Upload', action: { status: 401 } });
  const once = client.style.upload(id, { file: { name: 'a.png', content: chunks() } }, quick);
  await assert.rejects(once, { status: 401 });
});

test('a file that cannot be sent is an error of its own', async () => {
  const client = open();
  const gone = new Error('the camera is gone');
  async function* broken() {
    yield PICTURE;
    throw gone;
  }
  const aborted = new DOMException('the camera gave up', 'AbortError');
  async function* givenUp() {
    yield PICTURE;
    throw aborted;
  }
  async function* texts() {
    yield 'text';
  }
  for (const [file, type, message] of [
    [PICTURE, ConfigError, /needs a name/],
    [{ name: 'a.png', content: new Uint8Array() }, ConfigError, /is empty/],
    [{ name: 'a.png', content: Readable.from([]) }, ConfigError, /is empty/],
    [{ name: 'a.png', content: texts() }, CallbackError, /has to give Uint8Array, not string/],
    [{ name: 'a.png', content: broken() }, CallbackError, /the camera is gone/],
    [{ name: 'a.png', content: givenUp() }, CallbackError, /the camera gave up/],
    [{ name: 'a.png', content: chunks(), length: 5 }, ConfigError, /was to have 5 bytes and has more/],
    [{ name: 'a.png', content: PICTURE, length: 5 }, ConfigError, /length is 5, and the content has 9 bytes/],
    [{ name: 'a.png', content: chunks(), length: -1 }, ConfigError, /length has to be a number of bytes/],
    [{ name: 'a.png', content: 'text' }, ConfigError, /content has to be bytes, a Blob or a stream of bytes/],
    ['https://127.0.0.1:9/x.png?sig=hidden', ConfigError, /x\.png is a URL and no path/],
    [[{ url: 'https://127.0.0.1:9/x.png?sig=hidden' }], ConfigError, /not a list of 1/],
    [{ name: 'a/b.png', content: PICTURE }, ConfigError, /cannot be the name/],
    [{ url: 'http://127.0.0.1:9/x.png' }, BeProductError, /is not an https URL/],
    [{ url: 'https://127.0.0.1:9/x.png' }, BeProductError, /is a private address/],
    [7, ConfigError, /has to be a path/],
  ]) {
    const error = await client.style.upload('1', { file }, quick).catch((error) => error);
    assert.ok(error instanceof type, `${error}`);
    assert.match(error.message, message);
    assert.ok(!`${error.stack}`.includes('hidden'));
    if (error.message.includes('camera'))
      assert.equal(error.cause, error.message.includes('gone') ? gone : aborted);
  }
});

test('an upload that is cancelled reads no further', { timeout: 20_000 }, async () => {
  const client = open();
  let resolve;
  const promise = new Promise((ended) => (resolve = ended));
  const controller = new AbortController();
  async function* endless() {
    try {
      yield PICTURE;
      controller.abort(new Error('enough'));
      while (true) yield PICTURE;
    } finally {
      resolve();
    }
  }
  const file = { name: 'a.png', content: endless() };
  const upload = client.style.upload('1', { file }, { signal: controller.signal });
  await assert.rejects(upload, { name: 'CallCancelledError' });
  await promise;
});

test('a stream that waits is left with its call', { timeout: 20_000 }, async () => {
  const client = open();
  for (const cancelled of [true, false]) {
    const cancel = withResolvers();
    const controller = new AbortController();
    const content = new ReadableStream({
      start: (controller) => controller.enqueue(PICTURE),
      // Called when the first chunk was taken.
      pull: () => cancelled && controller.abort(),
      cancel: cancel.resolve,
    });
    if (!cancelled) await simulator.faults({ path: 'Image/Upload', action: { early: true, status: 413 } });
    const upload = client.style.upload(
      '1',
      { file: { name: 'a.png', content } },
      { signal: controller.signal },
    );
    await assert.rejects(upload);
    await cancel.promise;
  }
  const readable = new Readable({ read: () => undefined });
  readable.push(PICTURE);
  await simulator.faults({ path: 'Image/Upload', action: { early: true, status: 413 } });
  await assert.rejects(client.style.upload('1', { file: { name: 'a.png', content: readable } }), {
    status: 413,
  });
  await new Promise((closed) => (readable.closed ? closed() : readable.once('close', closed)));
});

test('a file comes from a URL, and goes out as a stream', async () => {
  const client = open({ allowPrivateSources: true });
  const id = await style(client);
  await client.style.upload(id, { file: { name: 'a.png', content: PICTURE } });
  const { origin: link } = (await client.style.get(id)).headerData.frontImage;
  await client.style.upload(id, { file: { url: link, name: 'b.png' } }, quick);
  assert.ok((await sent()).includes('filename="b.png"'));
  const stream = client.style.downloadStream(id, { link: `${link}x` });
  assert.deepEqual(await buffer(stream), PICTURE);
  const readable = Readable.fromWeb(client.raw.downloadStream({ link }));
  assert.deepEqual(Buffer.concat(await readable.toArray()), PICTURE);
  const cancelled = client.raw.downloadStream({ link });
  await cancelled.cancel();
  await assert.rejects(
    client.raw
      .downloadStream({ link: `${link}x` })
      .getReader()
      .read(),
    { status: 403 },
  );
  const { raw } = await client.withResponse.raw.download({ link });
  assert.deepEqual(raw, PICTURE);
  const file = join(folder, 'copy.png');
  assert.deepEqual(await client.style.downloadMany({ files: [{ link, file, record: id }] }), [
    { file, size: PICTURE.length },
  ]);
  assert.deepEqual(readFileSync(file), PICTURE);
});
