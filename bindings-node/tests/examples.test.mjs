import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';

import { BeProduct } from 'beproduct-client';

import { compare, numbersOf } from '../examples/season.mjs';
import { setSeason } from '../examples/set_season.mjs';
import { signedIn } from '../examples/sign_in.mjs';
import { Simulator } from './simulator.mjs';

let simulator, client;
before(async () => {
  simulator = await Simulator.start('--styles', '20', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  client = new BeProduct(simulator.settings);
});
after(() => simulator.stop());

const seasonOf = ({ headerData }) => headerData.fields.find(({ id }) => id === 'season').value;

test('the styles of a season are compared with a list', async () => {
  const styles = await client.style.list().collect();
  const { folder } = styles[0];
  const season = seasonOf(styles[0]);
  const wanted = (style) => style.folder.id === folder.id && seasonOf(style) === season;
  const expected = styles.filter(wanted).map((style) => style.headerNumber);
  assert.deepEqual([...(await numbersOf(client, folder.id, season))], expected);
  const { headerNumber } = styles.find((style) => !wanted(style));
  assert.deepEqual(await compare(client, folder.name, season, [expected[0], headerNumber, 'NONE']), [
    `${headerNumber} is of another season or folder`,
    'NONE has to be made',
  ]);
});

test('what became of an update is said', async () => {
  const never = new AbortController().signal;
  assert.equal(await setSeason(client, 'ST-000001', 'Fall', never), 'done');
  assert.equal(await setSeason(client, 'NONE', 'Fall', never), 'there is no such style');
  assert.match(await setSeason(client, 'ST-000001', 'Fall', AbortSignal.abort()), /^not done: /);
});

test('an update that is cancelled may be done', async () => {
  const controller = new AbortController();
  await simulator.faults({ path: 'Update', action: { hang: true } });
  const update = setSeason(client, 'ST-000001', 'Fall', controller.signal);
  await simulator.arrived(2);
  controller.abort();
  assert.match(await update, /^look whether it is done: /);
});

test('a person signs in with a browser, once', async () => {
  process.env.BEPRODUCT_CREDENTIALS_FILE = simulator.file('credentials.toml');
  const { company: companyDomain, api: apiUrl } = simulator.at;
  let visit;
  const onUrl = (url) => (visit = simulator.authorize(url).then(fetch));
  const settings = { ...simulator.signIn, companyDomain, apiUrl };
  const options = { freePort: true, openBrowser: false, onUrl };
  const first = await signedIn('shop', settings, options);
  assert.match(await (await visit).text(), /You are signed in/);
  visit = undefined;
  const again = await signedIn('shop', settings, options);
  assert.equal(visit, undefined);
  for (const client of [first, again]) {
    assert.equal((await client.auth.userinfo()).preferredUsername, simulator.at.username);
  }
  await first.auth.signOut();
  await signedIn('shop', settings, options);
  assert.ok(visit);
});

test('the TypeScript of the README is what the compiler sees', () => {
  const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
  const [, shown] = /^```ts\n(.*?)^```$/ms.exec(read('../README.md'));
  assert.ok(read('package-readme.test-d.ts').endsWith(`\n\n${shown}`));
});
