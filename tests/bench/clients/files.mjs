// A file up or down: files.mjs CLIENT WORK FILE FOLDER. As clients/files.py does in Python.

import assert from 'node:assert';
import { createReadStream, createWriteStream, fstatSync, openAsBlob, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { BeProduct } from '../../../bindings-node/dist/esm/index.js';

const [client, work, file, folder] = process.argv.slice(2);
const server = JSON.parse(process.env.BEPRODUCT_BENCH);
const target = join(folder, 'arrived.bin');
const style = '00000000-0000-4000-8000-000000000000';
const CHUNK = 256 * 1024;

/** Bytes of this process: VmRSS at present, VmHWM at most so far. */
function memory(name) {
  const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'));
  return Number(line[1]) * 1024;
}

/** Reports what happens inside. Client and connection are there already. */
async function transfer(inside) {
  const resident = memory('VmRSS');
  const start = performance.now();
  const before = process.cpuUsage();
  await inside();
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(before);
  const bytes = Math.max(memory('VmHWM') - resident, 0);
  console.log(JSON.stringify({ seconds, cpu: (used.user + used.system) / 1e6, bytes }));
}

/** Takes the pieces of a stream, and drops them. */
async function drop(pieces) {
  const source = openSync(file, 'r');
  const expected = Buffer.alloc(16);
  let done = 0;
  for await (const piece of pieces) {
    const count = readSync(source, expected, 0, Math.min(16, piece.length), done);
    assert.ok(expected.subarray(0, count).equals(piece.subarray(0, 16)), `other bytes at ${done}`);
    done += piece.length;
  }
  assert.equal(done, fstatSync(source).size);
}

async function ours() {
  const opened = new BeProduct({
    companyDomain: 'acme',
    accessToken: 'bench',
    apiUrl: server.api,
    identityUrl: server.identity,
    caCertificates: readFileSync(server.ca, 'utf8'),
    ledger: 'memory',
  });
  await opened.system.version();
  const options = { waitTimeout: 0 };
  const uploads = {
    upload: () => opened.style.upload(style, { file }, options),
    upload_stream: () => {
      const content = createReadStream(file, { highWaterMark: CHUNK });
      return opened.style.upload(style, { file: { name: basename(file), content } }, options);
    },
    download: () => opened.raw.download({ link: server.file, file: target }),
    download_stream: () => drop(opened.raw.downloadStream({ link: server.file })),
  };
  await transfer(uploads[work]);
  await opened.close();
}

async function asked(path, request = {}) {
  const headers = { Authorization: 'Bearer bench' };
  const answer = await fetch(new URL(path, server.api), { headers, ...request });
  if (!answer.ok) throw new Error(`status ${answer.status}: ${await answer.text()}`);
  return answer;
}

/** Trusts what NODE_EXTRA_CA_CERTS names. */
async function fetched() {
  await (await asked('/api/acme/Info/Version')).text();
  await transfer(async () => {
    if (work.startsWith('upload')) {
      const body = new FormData();
      body.set('file', await openAsBlob(file), basename(file));
      await (await asked(`/api/acme/Style/Header/${style}/Image/Upload`, { method: 'POST', body })).text();
      return;
    }
    const { body } = await asked(server.file);
    if (work === 'download') await pipeline(Readable.fromWeb(body), createWriteStream(target));
    else await drop(body);
  });
}

/** Fails where what was written is another file. */
async function compare() {
  const [one, other] = await Promise.all([open(file), open(target)]);
  assert.equal((await other.stat()).size, (await one.stat()).size);
  const [expected, arrived] = [Buffer.alloc(1 << 20), Buffer.alloc(1 << 20)];
  for (;;) {
    const { bytesRead } = await one.read(expected, 0, expected.length);
    if (bytesRead === 0) break;
    await other.read(arrived, 0, bytesRead);
    assert.ok(expected.subarray(0, bytesRead).equals(arrived.subarray(0, bytesRead)), 'another file arrived');
  }
  await Promise.all([one.close(), other.close()]);
  rmSync(target);
}

await (client === 'ours' ? ours() : fetched());
if (work === 'download') await compare();
