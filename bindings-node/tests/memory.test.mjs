// What clients keep: themselves, threads and files.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { run } from './process.mjs';
import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

/** How many of 20 clients are still there when the collector has run, at the latest after a minute. */
const COLLECT = `
  import { BeProduct, Plan } from 'beproduct-client';
  const settings = JSON.parse(process.env.SETTINGS);
  // Made here, it knows no client.
  const idle = () => undefined;
  const make = async () => {
    let client;
    const see = () => void client;
    const tokenStore = { load: see, save: see, tryLock: () => (see(), true), unlock: see };
    const callbacks = REFERS ? { tokenStore, onLog: see, onQuotaEvent: see, onQuotaLimit: see } : { onLog: idle };
    client = new BeProduct({ ...settings, plan: Plan.requestsPerDay(100), ...callbacks });
    await client.style.folders();
    for await (const _ of client.style.list({}, { signal: AbortSignal.timeout(1e6) })) break;
    if (CLOSES) await client.close();
    return new WeakRef(client);
  };
  const clients = [];
  for (let number = 0; number < 20; number += 1) clients.push(await make());
  const end = performance.now() + 60_000;
  let left;
  do {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    left = clients.filter((client) => client.deref()).length;
  } while (left > 0 && performance.now() < end);
  console.log(left);
`;

for (const [what, refers, closes] of [
  ['whose callbacks refer to it is collected after it is closed', true, true],
  ['whose callbacks do not is collected when nobody has it', false, false],
]) {
  test(`a client ${what}`, async () => {
    const program = COLLECT.replace('REFERS', refers).replace('CLOSES', closes);
    assert.equal(await run(simulator, program, { flags: ['--expose-gc'] }), '0');
  });
}

test(
  'a hundred clients of one ledger share threads and files',
  { skip: process.platform !== 'linux' },
  async () => {
    const program = `
    import { readdirSync } from 'node:fs';
    import { BeProduct } from 'beproduct-client';
    const settings = JSON.parse(process.env.SETTINGS);
    const make = () => new BeProduct({
      ...settings,
      ledger: { sqlite: settings.stateDir + '/shared.sqlite' },
      onLog() {}, onQuotaEvent() {}, onQuotaLimit() {},
    });
    const count = () => ['task', 'fd'].map((kind) => readdirSync('/proc/self/' + kind).length);
    const clients = [make()];
    await clients[0].style.folders();
    const one = count();
    for (let number = 1; number < 100; number += 1) {
      clients.push(make());
      await clients[number].style.folders();
    }
    await Promise.all(clients.map((client, n) => client.style.folders({ extraQuery: { n } })));
    const all = count();
    const used = (await clients[0].quota.status()).used;
    await Promise.all(clients.map((client) => client.close()));
    console.log(JSON.stringify({ used, threads: all[0] - one[0], files: all[1] - one[1] }));
  `;
    const { used, threads, files } = JSON.parse(await run(simulator, program));
    assert.equal(used, 200);
    assert.ok(threads <= 8 && files <= 40, `${threads} threads and ${files} files more than one client`);
  },
);
