// What a call costs in this binding, above what the engine itself takes.
//
// The first figure is of a call that the engine refuses at once: crossing to it and back, the promise and the error.
// The others are of real requests to the simulator on this machine.

import { BeProduct } from 'beproduct-client';

import { Simulator } from '../tests/simulator.mjs';

const simulator = await Simulator.start('--styles', '2000', '--materials', '0', '--table-rows', '10');
const client = new BeProduct({ ...simulator.settings, concurrency: 50 });

async function measure(name, count, action) {
  await action();
  const start = performance.now();
  await action();
  const microseconds = ((performance.now() - start) * 1000) / count;
  console.log(`${name.padEnd(44)} ${microseconds.toFixed(1).padStart(8)} us`);
}

async function oneByOne(count, call) {
  for (let index = 0; index < count; index++) await call(index);
}

const together = (count, call) => Promise.all(Array.from({ length: count }, (_, index) => call(index)));

const quota = () => client.quota.status();
const refused = () => client.style.get({ headerId: '' }).catch(() => undefined);
const version = (index) => client.system.version({}, { extraQuery: { index } });

await measure('a crossing, one by one', 2000, () => oneByOne(2000, quota));
await measure('a crossing, 1000 together', 1000, () => together(1000, quota));
await measure('a refused call, one by one', 2000, () => oneByOne(2000, refused));
await measure('a refused call, 1000 together', 1000, () => together(1000, refused));
await measure('a request, one by one', 500, () => oneByOne(500, version));
await measure('a request, 1000 together', 1000, () => together(1000, version));
await measure('a record of a loop, pages of 200', 2000, async () => {
  for await (const _ of client.style.list());
});
await measure('a record of collect, pages of 200', 2000, () => client.style.list().collect());

client.close();
await simulator.stop();
