// Many gets of one record each, all at once: gets.mjs ours|fetch COUNT BOUND. As clients/gets.py does in Python.

import { readFileSync } from 'node:fs';

import { BeProduct } from '../../../bindings-node/dist/esm/index.js';

const [client, count, bound] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const server = JSON.parse(process.env.BEPRODUCT_BENCH);
const styles = Array.from(
  { length: count },
  (_, number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`,
);

async function ours() {
  const client = new BeProduct({
    companyDomain: 'acme',
    accessToken: 'bench',
    apiUrl: server.api,
    identityUrl: server.identity,
    caCertificates: readFileSync(server.ca, 'utf8'),
    ledger: 'memory',
    concurrency: bound,
  });
  const records = await Promise.all(styles.map((headerId) => client.style.get(headerId)));
  return [records, client];
}

/** Trusts what NODE_EXTRA_CA_CERTS names. */
async function fetched() {
  const records = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const number = next++;
      const answer = await fetch(`${server.api}/api/acme/Style/Header/${styles[number]}`, {
        headers: { Authorization: 'Bearer bench' },
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      records[number] = await answer.json();
    }
  };
  await Promise.all(Array.from({ length: bound }, work));
  return [records];
}

const start = performance.now();
const before = process.cpuUsage();
const [records, opened] = await (client === 'ours' ? ours() : fetched());
const used = process.cpuUsage(before);
const seconds = (performance.now() - start) / 1000;
if (records.some((record, number) => record.id !== styles[number])) throw new Error('a wrong record');
console.log(JSON.stringify({ seconds, cpu: (used.user + used.system) / 1e6 }));
await opened?.close();
