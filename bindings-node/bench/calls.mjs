// What a call costs in Node. `tests/bench/calls.py` runs it beside others.
//
// Reads the settings of a client from BEPRODUCT_BENCH and prints a JSON object a line.

import { BeProduct } from 'beproduct-client';

const CALLS = 1000;

const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const settings = Object.entries(JSON.parse(process.env.BEPRODUCT_BENCH));
const client = new BeProduct(Object.fromEntries(settings.map(([name, value]) => [camel(name), value])));

function report(measure, start) {
  const us = ((performance.now() - start) * 1000) / CALLS;
  console.log(JSON.stringify({ surface: 'Node', measure, us }));
}

async function measure(name, call) {
  await call(2 * CALLS);
  let start = performance.now();
  for (let index = 0; index < CALLS; index++) await call(index);
  report(`${name}, one by one`, start);
  start = performance.now();
  await Promise.all(Array.from({ length: CALLS }, (_, index) => call(CALLS + index)));
  report(`${name}, ${CALLS} together`, start);
}

await measure('no-op', () => client.quota.status());
// Different ones, as equal reads would share a request.
await measure('request', (index) => client.system.version({ extraQuery: { index } }));

await client.close();
