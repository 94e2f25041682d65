// Each TypeScript program of docs/cookbook.md does its job. Python's are run by tests/readme/test_cookbook.py.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, test } from 'node:test';

import { BeProduct, valuesOf } from 'beproduct-client';
import { recordedClient } from 'beproduct-client/testing';
import * as prettier from 'prettier';

import { compile, Workspace, programs, START } from './cookbook.mjs';
import { PROGRAM, Simulator } from './simulator.mjs';

const SIZES = ['--styles', '60', '--materials', '20', '--table-rows', '60'];

let simulator, workspace, client, mistakes;
before(async () => {
  [simulator, mistakes] = await Promise.all([Simulator.start(...SIZES), compile()]);
});
beforeEach(async () => {
  await simulator.reset();
  workspace = new Workspace(simulator);
  // Another program, which looks at the data before and after.
  client = new BeProduct({ ...simulator.settings, stateDir: simulator.file(randomUUID()) });
});
after(() => simulator.stop());

const tested = new Set();
function job(heading, does) {
  tested.add(heading);
  test(`cookbook: ${heading}`, does);
}

const stylesOf = async (name) =>
  (await client.style.list().collect()).filter(({ folder }) => folder?.name === name);
const numbersOf = (styles) => styles.map(({ headerNumber }) => headerNumber);
const valueOf = async ({ id }, field) => valuesOf(await client.style.get(id)).get(field);
const frontPicture = ({ headerData }) => headerData?.frontImage?.origin;

test('each job has one program and a test', () => {
  const found = programs();
  assert.equal(found.size, 10);
  for (const [heading, blocks] of found) assert.equal(blocks.length, 1, heading);
  assert.deepEqual([...tested], [...found.keys()]);
});

test('the compiler finds nothing', () => assert.equal(mistakes, ''));

test('the programs are formatted', async () => {
  const settings = await prettier.resolveConfig(import.meta.filename, {
    config: new URL('../.prettierrc.json', import.meta.url),
  });
  for (const [heading, [code]] of programs()) {
    assert.equal(code, await prettier.format(code, { ...settings, parser: 'typescript' }), heading);
  }
});

job('Nightly export', async () => {
  const outerwear = await stylesOf('Outerwear');
  await workspace.count();
  assert.deepEqual(await workspace.run('Nightly export'), [`${outerwear.length} styles in styles.ndjson`]);
  const exported = workspace.read('styles.ndjson');
  assert.deepEqual(
    exported.map((line) => JSON.parse(line)),
    outerwear,
  );
  assert.equal(await workspace.count(), 2);

  // A list that ends too early fails, and the file of the day before stays.
  const body = { result: outerwear.slice(0, 3), total: 400 };
  await simulator.faults({ path: 'Style/Headers', times: 0, action: { status: 200, body } });
  const { printed, errors, code } = await workspace.attempt('Nightly export');
  assert.deepEqual([printed, code], ['', 1]);
  assert.match(errors, /IncompleteError/);
  assert.deepEqual(workspace.read('styles.ndjson'), exported);
});

job('Push of attributes', async () => {
  const outerwear = await stylesOf('Outerwear');
  const [, wrong, repeated, lost, dropped] = outerwear;
  const seasons = ['Fall 2026', 'Fal 2026', 'Fall 2026', 'Fall 2026', 'Fall 2026'];
  const rows = seasons.map((season, index) => `${outerwear[index].headerNumber},${season},99.5`);
  workspace.write('changes.csv', 'number,season,target_price', ...rows, 'NO-SUCH,Fall 2026,1');
  await simulator.faults(
    { path: `${repeated.id}/Update`, action: { status: 503, apply: true } },
    { path: `${lost.id}/Update`, times: 0, action: { status: 503 } },
    { path: `${dropped.id}/Update`, action: { not_stored: ['season'] } },
  );
  await workspace.count();
  assert.deepEqual(await workspace.run('Push of attributes'), []);
  const [header, ...outcomes] = workspace.read('outcomes.csv');
  assert.equal(header, '"number","outcome","problem"');
  assert.deepEqual(
    outcomes.map((line) => line.split('","')[1]),
    ['applied', 'not_sent', 'applied', 'unknown', 'applied', 'not_sent'],
  );
  assert.match(outcomes[0], /"applied",""$/);
  assert.match(outcomes[1], /Fall 2026/); // it says which choice may have been meant
  assert.match(outcomes[4], /"applied","not stored: season"$/);
  assert.equal(outcomes[5], '"NO-SUCH","not_sent","no style, or several, have this number"');
  // The folders, their schema and the lookup; then one, none, two, four and one.
  assert.equal(await workspace.count(), 3 + 1 + 0 + 2 + 4 + 1);
  const priced = await Promise.all(outerwear.slice(0, 5).map((style) => valueOf(style, 'target_price')));
  assert.deepEqual(
    priced.map((price) => price === 99.5),
    [true, false, true, false, true],
  );
  assert.equal(await valueOf(outerwear[0], 'season'), 'Fall 2026');
  assert.equal(await valueOf(wrong, 'season'), valuesOf(wrong).get('season'));
});

job('Images', async () => {
  const styles = (await stylesOf('Outerwear')).filter((style) => !frontPicture(style)).slice(0, 5);
  const [path, url, , refused, away] = styles;
  const numbers = numbersOf(styles);
  writeFileSync(workspace.file('a.png'), 'a picture');
  const { link } = await simulator.makeFile('b.png', 300);
  const pictures = ['a.png', link, 'none.png', 'a.png', 'a.png'];
  const rows = pictures.map((picture, index) => `${numbers[index]},${picture}`);
  workspace.write('pictures.csv', 'number,picture', ...rows);
  await simulator.faults(
    { path: `${refused.id}/Image/Upload`, action: { upload: { looks: 1, fail: 'no picture' } } },
    { path: `${away.id}/Image/Upload`, action: { status: 503, apply: true } },
  );
  await workspace.count();
  const printed = (await workspace.run('Images')).sort();
  assert.deepEqual(
    printed.map((line) => /^(.*) has no new picture: (\w+), /.exec(line)?.slice(1)),
    [
      [numbers[2], 'not_sent'],
      [numbers[3], 'refused'],
      [numbers[4], 'unknown'],
    ],
  );
  assert.match(printed[1], /: refused, .*no picture/);
  // Two lookups. Each of four files is sent once; three looks at two of them, two at the one that fails.
  assert.equal(await workspace.count(), 2 + 4 + 3 + 3 + 2);
  assert.equal(readFileSync(workspace.file(`front/${numbers[0]}.png`), 'utf8'), 'a picture');
  assert.equal(statSync(workspace.file(`front/${numbers[1]}.png`)).size, 300);
  assert.ok(!existsSync(workspace.file(`front/${numbers[2]}.png`)));
  for (const { id } of [path, url]) assert.ok(frontPicture(await client.style.get(id)));

  // A picture that the storage no longer has is named, and the other one comes.
  workspace.write('pictures.csv', 'number,picture', `${numbers[2]},a.png`, `${numbers[3]},a.png`);
  await simulator.faults({ base: 'storage', action: { status: 404 } });
  const [line, ...others] = await workspace.run('Images');
  assert.deepEqual(others, []);
  const [missing] = line.split(' is missing: ');
  const present = new Set(readdirSync(workspace.file('front')).map((name) => `front/${name}`));
  assert.ok(!present.has(missing));
  for (const number of numbers.slice(2, 4)) assert.ok(present.add(missing).has(`front/${number}.png`));
});

job('Directory', async () => {
  const douro = (await client.directory.list().collect()).find(({ name }) => name === 'Douro Mills');
  const [known] = await client.directory.contactList(douro.id).collect();
  workspace.write(
    'vendors.csv',
    'name,type,email,first,last',
    `Douro Mills,VENDOR,${known.email.toUpperCase()},${known.firstName},${known.lastName}`,
    'Douro Mills,VENDOR,Rosa@douro.example,Rosa,Lima',
    'Minho Trims,SUPPLIER,jo@minho.example,Jo,Reis',
    'Minho Trims,SUPPLIER,ana@minho.example,Ana,Reis',
    'Minho Trims,AGENT,ana@minho.example,Ana,Reis',
    'Lima Knits,FACTORY,jo@lima.example,Jo,Lima',
  );
  await workspace.count();
  assert.deepEqual(await workspace.run('Directory'), [
    'rosa@douro.example is new at Douro Mills',
    'Minho Trims is new',
    'jo@minho.example is new at Minho Trims',
    'ana@minho.example is new at Minho Trims',
    'Minho Trims is new',
    'ana@minho.example is new at Minho Trims',
    'Lima Knits is new',
    'jo@lima.example is new at Lima Knits',
  ]);
  const first = await workspace.count();
  const companies = await client.directory.list().collect();
  const minho = companies.find(
    ({ name, partnerType }) => name === 'Minho Trims' && partnerType === 'SUPPLIER',
  );
  const contacts = await client.directory.contactList(minho.id).collect();
  assert.deepEqual(
    contacts.map(({ email, firstName }) => [email, firstName]),
    [
      ['jo@minho.example', 'Jo'],
      ['ana@minho.example', 'Ana'],
    ],
  );
  // Three companies and five contacts were added. Once more, the lists alone are read.
  await workspace.count();
  assert.deepEqual(await workspace.run('Directory'), []);
  assert.equal(await workspace.count(), first - 8);
});

job('Tracking plans', async () => {
  const { plan } = simulator.at;
  const rows = await client.tracking.styleTimelineList(plan).collect();
  const timelines = rows.slice(0, 3).map(({ id, timelines: [, fit] }) => ({
    id,
    timelines: [{ id: fit.id, status: { value: 'In Progress' } }],
  }));
  await client.tracking.styleTimelineUpdate(plan, { timelines });
  const before = await client.tracking.styleProgress(plan);
  assert.equal(before.in_progress, 3);
  const added = (await stylesOf('Denim')).length;
  const [total, approved] = [2 * (rows.length + added), before.approved + 3];
  await workspace.count();
  assert.deepEqual(await workspace.run('Tracking plans'), [
    `${added} styles are new in the plan`,
    `3 entries approved; ${approved} of ${total} are now`,
  ]);
  assert.equal(await workspace.count(), 7);
  const later = await client.tracking.styleTimelineList(plan).collect();
  assert.equal(later.length, rows.length + added);
  for (const [index, { id }] of rows.entries()) {
    const [, fit] = later.find((row) => row.id === id).timelines;
    assert.equal(fit.status, index < 3 ? 'Approved' : 'Not Started');
  }
  assert.deepEqual(await workspace.run('Tracking plans'), [
    '0 styles are new in the plan',
    `0 entries approved; ${approved} of ${total} are now`,
  ]);
});

job('Webhooks', async () => {
  const [first, second] = await stylesOf('Outerwear');
  const { plan } = simulator.at;
  const rows = await client.tracking.styleTimelineList(plan).collect();
  const event = ({ id, headerNumber }, eventType, data = {}) => ({
    eventType,
    headerId: id,
    headerNumber,
    folderName: 'Style',
    data,
    date: '2026-05-20T14:02:07.9051134Z',
  });
  const change = event(first, 'OnChange');
  const [nobody, row] = ['0b7e1f0a-2f4e-4ac3-9f0c-0d6b1de31a55', rows[0].id];
  workspace.environment.WEBHOOK_SECRET = 'a-path-that-nobody-guesses';
  workspace.environment.PORT = '0';
  await workspace.count();
  const program = workspace.start('Webhooks');
  try {
    const lines = createInterface(program.stdout)[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value;
    const [, port] = /^listening at port (\d+)$/.exec(await line());
    const post = async (path, body) => {
      const request = { method: 'POST', body: JSON.stringify(body) };
      return (await fetch(`http://127.0.0.1:${port}/${path}`, request)).status;
    };
    const accepted = async (body) => assert.equal(await post('a-path-that-nobody-guesses', body), 200);
    await accepted(change);
    assert.equal(await line(), `change of ${first.headerNumber}: ${first.headerName}`);
    await accepted(change);
    await accepted({ eventType: 'OnCopy' });
    await accepted(event({ ...second, id: nobody }, 'OnCreate'));
    assert.match(await line(), new RegExp(`^${second.headerNumber} was not read: .*Style not found`));
    await accepted(event(first, 'OnChange', { planId: plan, timelineId: row }));
    assert.equal(await line(), `the plan ${plan} has ${rows.length} rows`);
    await accepted(event(second, 'OnDelete'));
    assert.equal(await line(), `${second.headerNumber} was deleted`);
    assert.equal(await post('a-path-that-nobody-guesses', { no: 'event' }), 400);
    assert.equal(await post('another-path', change), 404);
  } finally {
    program.kill();
    await once(program, 'exit');
  }
  assert.equal(await workspace.count(), 3);
});

job('Many companies', async () => {
  const globex = await Simulator.start('--company', 'globex', '--seed', '2', ...SIZES);
  try {
    const profiles = [simulator.at, globex.at].map((at) =>
      [
        `[${at.company}]`,
        `company_domain = "${at.company}"`,
        `client_id = "${at.client_id}"`,
        `client_secret = "${at.client_secret}"`,
        `refresh_token = "${at.refresh_token}"`,
        `api_url = "${at.api}"`,
        `identity_url = "${at.identity}"`,
      ].join('\n'),
    );
    workspace.profiles(profiles.join('\n'));
    workspace.environment.ACTING_CLIENT_ID = simulator.at.impersonation_client_id;
    workspace.environment.ACTING_CLIENT_SECRET = simulator.at.impersonation_client_secret;
    const acme = { licenses: 8, user: simulator.at.user_id };
    const companies = { acme, initech: acme, globex: { licenses: 2, user: globex.at.user_id } };
    workspace.write('companies.json', JSON.stringify(companies));
    await workspace.count();
    const printed = await workspace.run('Many companies');
    const spent = [await workspace.count(), (await globex.counts()).api];
    for (const [index, [of, limit, line]] of [
      [simulator, 2000, printed[0]],
      [globex, 500, printed[2]],
    ].entries()) {
      const comments = (await of.log()).filter(({ target }) => target.includes('Comment'));
      assert.ok(comments.length > 0);
      for (const { user } of comments) assert.equal(user, 'sample.manager');
      const left = limit - spent[index];
      assert.equal(line, `${of.at.company}: ${comments.length} reminders, ${left} requests left today`);
    }
    assert.match(printed[1], /^initech: config, /);
  } finally {
    await globex.stop();
  }
  for (const style of await stylesOf('Denim')) {
    const expected = valuesOf(style).get('style_status') === 'Concept' ? 1 : 0;
    assert.equal((await client.style.commentList(style.id)).length, expected);
  }
});

job('Tests', async () => {
  workspace.environment.BEPRODUCT_SIMULATOR = PROGRAM;
  const printed = await workspace.run('Tests', '--test', '--test-reporter=tap');
  assert.ok(printed.includes('# pass 2') && printed.includes('# fail 0'), printed.join('\n'));
});

job('Quota', async () => {
  const outerwear = (await stylesOf('Outerwear')).filter((style) => valuesOf(style).get('target_price'));
  await workspace.count();
  assert.deepEqual(await workspace.run('Quota'), [`price rise ${outerwear.length + 2}`]);
  assert.equal(await workspace.count(), outerwear.length + 2);
  for (const style of outerwear) {
    const expected = valuesOf(style).get('target_price') * 1.05;
    assert.ok(Math.abs((await valueOf(style, 'target_price')) - expected) < 0.006);
  }

  // A program that shares the ledger has leased so much that the floor is near: the rest waits for the next day.
  const [name] = readdirSync(workspace.state, { recursive: true }).filter((name) => name.endsWith('.sqlite'));
  const used = outerwear.length + 2;
  const ledger = { sqlite: join(workspace.state, name) };
  const leased = { ...simulator.settings, ledger, quotaLease: 2000 - 200 - 20 - used };
  const other = recordedClient(leased, { start: START });
  await other.style.folders();
  await workspace.count();
  const { printed, code } = await workspace.attempt('Quota');
  await other.close();
  assert.equal(code, 0);
  const lines = printed.trimEnd().split('\n');
  assert.equal(lines.pop(), `price rise ${2 * used}`);
  const [event, warning] = lines.sort(); // events come when they come
  assert.equal(event, '1781 of 2000 requests are used');
  const rest = 'the rest waits until 2026-11-26T00:00:00Z';
  assert.equal(warning, `${outerwear.length} requests, and 18 are left: ${rest}`);
  assert.equal(await workspace.count(), used);
});

job('Errors', async () => {
  const [there] = numbersOf(await stylesOf('Knitwear'));
  const added = ['A', 'B', 'C', 'D', 'E'].map((letter) => `KN-${letter}`);
  const rows = [there, ...added].map((number) => `${number},Jumper ${number}`);
  workspace.write('new_styles.csv', 'number,name', ...rows, `KN-F,${'x'.repeat(300)}`);
  const path = 'Style/Header/Create';
  const message = 'no such number';
  await simulator.faults(
    { path, body: 'KN-B', action: { status: 503, apply: true } },
    { path, body: 'KN-C', action: { status: 503 } },
    { path, body: 'KN-D', action: { status: 200, body: {}, apply: true } },
    { path, body: 'KN-E', action: { status: 400, body: { error: true, message } } },
  );
  await workspace.count();
  const printed = await workspace.run('Errors');
  assert.match(printed.splice(3, 1)[0], /^KN-F: not created, config: /);
  assert.deepEqual(printed, [
    'KN-A: created',
    'KN-D: created, with an answer that could not be read',
    'KN-E: not created, validation: no such number',
    'KN-B: created, although no answer came',
    'KN-C: not created, run the program again',
  ]);
  // Folders, schema, lookup; five were sent once, the sixth never; one lookup more.
  assert.equal(await workspace.count(), 3 + 5 + 1);

  // Once more: what is there stays, the rest is made.
  const again = await workspace.run('Errors');
  assert.deepEqual(again.slice(0, 2), ['KN-C: created', 'KN-E: created']);
  const numbers = numbersOf(await stylesOf('Knitwear'));
  for (const number of [there, ...added]) {
    assert.equal(numbers.filter((other) => other === number).length, 1, number);
  }

  // What concerns all of them ends the program: a sign-in that is not accepted, and a limit.
  workspace.write('new_styles.csv', 'number,name', 'KN-G,Jumper G', 'KN-H,Jumper H');
  await simulator.faults({ path, times: 2, action: { status: 401 } });
  const failed = await workspace.attempt('Errors');
  assert.deepEqual([failed.printed, failed.code], ['', 1]);
  assert.match(failed.errors, /Error: a person has to act[^]*AuthError/);
  const body = { error: 'too many', retryAfterSeconds: 600, window: '1 hour', limit: 60 };
  await simulator.faults({ path, action: { status: 429, body, headers: { 'Retry-After': '600' } } });
  assert.deepEqual(await workspace.run('Errors'), ['KN-G and those after it: again in 600 seconds']);
});
