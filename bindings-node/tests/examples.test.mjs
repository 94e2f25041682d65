import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import { ConfigError, NotFoundError, valuesOf } from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';

import { compare, numbersOf } from '../examples/season.mjs';
import { setSeason } from '../examples/set_season.mjs';
import { signedIn } from '../examples/sign_in.mjs';
import { prepare } from '../target/examples/season_kit.js';
import { Simulator } from './simulator.mjs';

let simulator, client;
before(async () => {
  simulator = await Simulator.start('--styles', '20', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  // Of its own folder: what a schema says is kept there, and costs no request.
  client = recordedClient({ ...simulator.settings, stateDir: simulator.file(randomUUID()) });
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

const shared = (name) => readFileSync(new URL(`../../tests/examples/${name}`, import.meta.url), 'utf8');

const SIZES = { styles: 60, materials: 20, table_rows: 60 };
/** Another test may have read the search schema, which clients of one process share. */

/** What the example says of the kit. Two of its three styles have a picture. */
async function prepared(folder, changes = {}) {
  // With both spellings of the members that have two.
  const { link } = await simulator.makeFile('palette.ase', 300);
  const palette = JSON.parse(shared('palette.json').replace('SWATCHES', link));
  const action = { status: 200, body: [palette] };
  await simulator.faults({ path: 'Color/Headers', times: 0, action });
  const pictures = join(folder, 'pictures');
  mkdirSync(pictures, { recursive: true });
  for (const number of ['KIT-1', 'ST-000004']) writeFileSync(join(pictures, `${number}.png`), 'a picture');
  const kit = { ...JSON.parse(shared('kit.json')), ...changes };
  const lines = [];
  for await (const line of prepare(client, kit, pictures, join(folder, 'handover'))) {
    lines.push(line.replace(folder, 'FOLDER'));
  }
  return lines;
}

test('the kit of a season is prepared', async () => {
  await simulator.reset(SIZES);
  const folder = simulator.file('kit');
  assert.deepEqual(await prepared(folder), shared('lines.txt').trimEnd().split('\n'));
  const { found } = await client.style.getManyByNumber(['KIT-1', 'KIT-2', 'ST-000004']);
  for (const style of found) {
    assert.equal(valuesOf(style).get('season'), 'Fall 2026');
    assert.equal((await client.style.headerTagList(style.id)).at(-1).name, 'Fall 2026 exm00042');
    const [comment] = await client.style.commentList(style.id);
    assert.equal(comment.Body, 'Fall 2026 exm00042, prepared by Sample Designer');
  }
  assert.deepEqual(
    found[0].colorways.map(({ colorSourceId }) => colorSourceId),
    ['c2d6a3a8-1f0e-4a57-8f3b-53a1c4b90e21', '9d1f5f5a-0d35-47e4-8a61-6bb0f5b7a902'],
  );
  const handover = join(folder, 'handover');
  assert.deepEqual(readdirSync(handover).sort(), ['KIT-1.png', 'ST-000004.png', 'palette.ase']);
  assert.equal(readFileSync(join(handover, 'KIT-1.png'), 'utf8'), 'a picture');
});

test('nothing is made of a kit with a mistake', async () => {
  await simulator.reset(SIZES);
  const folder = simulator.file('mistaken');
  await assert.rejects(prepared(folder, { season: 'Fal 2026' }), ConfigError);
  await assert.rejects(prepared(folder, { fabric: 'MT-NONE' }), NotFoundError);
  await assert.rejects(prepared(folder, { reviewer: 'nobody@example.com' }), { message: /User not found/ });
  await assert.rejects(prepared(folder, { trims: 'C99999' }), { message: /has no C99999/ });
  assert.deepEqual((await client.style.getManyByNumber(['KIT-1', 'KIT-2'])).found, []);
});

test('the TypeScript of the README is what the compiler sees', () => {
  const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
  const [, shown] = /^```ts\n(.*?)^```$/ms.exec(read('../README.md'));
  assert.ok(read('package-readme.test-d.ts').endsWith(`\n\n${shown}`));
});
