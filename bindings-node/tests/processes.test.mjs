import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Worker } from 'node:worker_threads';

import * as esm from 'beproduct-client';

import { run } from './process.mjs';
import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '300', '--materials', '0', '--table-rows', '10');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

const OPEN = `
  import { BeProduct } from 'beproduct-client';
  const store = { load: () => undefined, save() {}, tryLock: () => true, unlock() {} };
  const callbacks = { onLog() {}, onQuotaEvent() {}, onQuotaLimit() {} };
  const client = new BeProduct({ ...JSON.parse(process.env.SETTINGS), tokenStore: store, ...callbacks });
`;

test('an idle client keeps no process alive', async () => {
  assert.equal(await run(simulator, `${OPEN} console.log('made');`), 'made');
  assert.equal(await run(simulator, `${OPEN} console.log((await client.style.folders()).length);`), '4');
});

test('a process ends after its client has given its lease back, also when nobody waits for that', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'beproduct-client-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const settings = JSON.stringify({
    stateDir,
    ledger: { sqlite: join(stateDir, 'quota.sqlite') },
    quotaLease: 5,
  });
  const program = `
    import { BeProduct } from 'beproduct-client';
    const client = new BeProduct({ ...JSON.parse(process.env.SETTINGS), ...${settings} });
    console.log((await client.style.folders()).length);
    client.close();
  `;
  assert.equal(await run(simulator, program), '4');
  assert.deepEqual(readdirSync(join(stateDir, 'leases')), []);
});

test('a loop that was left keeps no process alive', async () => {
  const program = `${OPEN} for await (const { headerNumber } of client.style.list()) {
    console.log(headerNumber);
    break;
  }`;
  assert.equal(await run(simulator, program), 'ST-000001');
});

test('a call that is open keeps the process alive', async () => {
  await simulator.faults({ path: 'Folders', action: { latency_ms: 300 } });
  assert.equal(
    await run(simulator, `${OPEN} client.style.folders().then((folders) => console.log(folders.length));`),
    '4',
  );
});

test('a process may end in the middle of a call', async () => {
  await simulator.faults({ path: 'Folders', action: { hang: true } });
  await run(
    simulator,
    `${OPEN} client.style.folders();
    await fetch('${simulator.at.control}/wait?base=api&requests=1');
    process.exit(0);`,
  );
  await simulator.release();
});

test('CommonJS programs have the same names', async () => {
  const program = `
    const { BeProduct, ConfigError } = require('beproduct-client');
    const { recordedClient } = require('beproduct-client/testing');
    const client = recordedClient(JSON.parse(process.env.SETTINGS));
    client.style.folders().then((folders) => console.log(folders.length, client instanceof BeProduct));
    try { new BeProduct({}); } catch (error) { console.log(error instanceof ConfigError); }
  `;
  assert.equal(await run(simulator, program, { type: 'commonjs' }), 'true\n4 true');
  const cjs = createRequire(import.meta.url)('beproduct-client');
  assert.deepEqual(Object.keys(cjs).toSorted(), Object.keys(esm).toSorted());
});

const WORKER = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { BeProduct } from 'beproduct-client';
  const store = { load: () => undefined, save() {}, tryLock: () => true, unlock() {} };
  const client = new BeProduct({ ...workerData, tokenStore: store, onLog() {} });
`;

const worker = (program) => {
  const source = `${WORKER} ${program}`.replace(
    "'beproduct-client'",
    JSON.stringify(import.meta.resolve('beproduct-client')),
  );
  // A function cannot be handed over.
  const { onLog: _, ...workerData } = simulator.settings;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
};

test('worker threads have clients of their own', async () => {
  const counted = Array.from({ length: 4 }, () =>
    once(worker('parentPort.postMessage((await client.style.list().collect()).length);'), 'message'),
  );
  assert.deepEqual(await Promise.all(counted), [[300], [300], [300], [300]]);
});

test('an error crosses threads as JSON', async () => {
  const asking = worker("client.style.get('none').catch((error) => parentPort.postMessage(error.toJSON()));");
  const [fields] = await once(asking, 'message');
  assert.ok(esm.BeProductError.fromJSON(fields) instanceof esm.NotFoundError);
});

test('a worker thread is asked at its limits', async () => {
  const asking = worker(`
    const limited = { ...workerData, plan: { requestsPerDay: 0 }, onQuotaLimit() { throw new Error('not here'); } };
    await new BeProduct(limited).style.folders().catch(({ kind, cause }) => parentPort.postMessage([kind, cause.message]));
  `);
  assert.deepEqual(await once(asking, 'message'), [['quota_exceeded', 'not here']]);
});

test('a worker thread may be terminated while it is asked', async () => {
  const asking = worker(`
    const decide = () => {
      parentPort.postMessage('asked');
      return new Promise(() => {});
    };
    new BeProduct({ ...workerData, plan: { requestsPerDay: 0 }, onQuotaLimit: decide }).style.folders();
  `);
  await once(asking, 'message');
  assert.equal(await asking.terminate(), 1);
});

test('a call that is asked about keeps the process alive, and one that was answered does not', async () => {
  const program = `${OPEN}
    const decide = () => new Promise((resolve) => setImmediate(resolve));
    const limited = new BeProduct({
      ...JSON.parse(process.env.SETTINGS), plan: { requestsPerDay: 0 }, onQuotaLimit: decide,
    });
    limited.style.folders().catch(({ kind }) => console.log(kind));
  `;
  assert.equal(await run(simulator, program), 'quota_exceeded');
});

test('a worker thread may be terminated in the middle of a call', async () => {
  await simulator.faults({ path: 'Folders', times: 0, action: { hang: true } });
  const calling = worker('client.style.folders();');
  await simulator.arrived(1);
  await calling.terminate();
  let entry;
  do {
    [entry] = await simulator.log();
  } while (!entry.closed_by_client);
  await simulator.reset();
  const client = new esm.BeProduct(simulator.settings);
  assert.equal((await client.style.folders()).length, 4);
});

test('the only thread with a client may be terminated', async () => {
  await simulator.faults({ path: 'Folders', action: { hang: true } });
  const program = `
    const { Worker } = require('node:worker_threads');
    const work = \`
      const { BeProduct } = require('beproduct-client');
      const { workerData } = require('node:worker_threads');
      new BeProduct(workerData).style.folders();
    \`;
    const settings = JSON.parse(process.env.SETTINGS);
    const calling = new Worker(work, { eval: true, workerData: settings });
    fetch('${simulator.at.control}/wait?base=api&requests=1')
      .then(() => calling.terminate())
      .then(() => {
        const again = new Worker(work.replace('folders()', 'list().collect()'), { eval: true, workerData: settings });
        again.once('exit', (code) => console.log('exit', code));
      });
  `;
  assert.equal(await run(simulator, program, { type: 'commonjs' }), 'exit 0');
  await simulator.release();
});
