// Settings from the environment and from the credentials file, in processes of their own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, test } from 'node:test';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

/** What a program prints with these variables. */
const run = async (program, variables) => {
  const source = `import { BeProduct } from 'beproduct-client'; ${program}`;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BEPRODUCT_'));
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: import.meta.dirname,
    env: {
      ...Object.fromEntries(inherited),
      BEPRODUCT_CREDENTIALS_FILE: simulator.file('credentials.toml'),
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  assert.equal(code, 0, errors);
  return output.trim();
};

const profile = (name, members) =>
  [`[${name}]`, ...Object.entries(members).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)].join(
    '\n',
  );

/** Writes a credentials file with these profiles. */
const keep = (profiles) => {
  const content = Object.entries(profiles).map(([name, members]) => profile(name, members));
  writeFileSync(simulator.file('credentials.toml'), content.join('\n\n'), { mode: 0o600 });
};

/** A profile of the sample user, whose refresh token stands in the token file beside. */
const settings = () => {
  const { company, client_id, client_secret, refresh_token, api, identity } = simulator.at;
  for (const name of ['default', 'shop']) {
    const tokens = JSON.stringify({ refresh_token });
    writeFileSync(simulator.file(`${name}.tokens.json`), tokens, { mode: 0o600 });
  }
  return { company_domain: company, client_id, client_secret, api_url: api, identity_url: identity };
};

const FROM_ENVIRONMENT = `
  const client = BeProduct.fromEnvironment({ ledger: 'memory' });
  console.log((await client.style.folders()).length, client);`;

test('settings come from variables', async () => {
  keep({});
  const { company, client_id, client_secret, refresh_token, api, identity } = simulator.at;
  const output = await run(FROM_ENVIRONMENT, {
    BEPRODUCT_COMPANY_DOMAIN: company,
    BEPRODUCT_CLIENT_ID: client_id,
    BEPRODUCT_CLIENT_SECRET: client_secret,
    BEPRODUCT_REFRESH_TOKEN: refresh_token,
    BEPRODUCT_API_URL: api,
    BEPRODUCT_IDENTITY_URL: identity,
  });
  assert.equal(output, '4 BeProduct {}');
});

test('settings come from a profile, by default or by the name in a variable', async () => {
  keep({ default: settings() });
  assert.equal(await run(FROM_ENVIRONMENT), '4 BeProduct {}');
  keep({ default: { company_domain: 'nobody' }, shop: settings() });
  assert.equal(await run(FROM_ENVIRONMENT, { BEPRODUCT_PROFILE: 'shop' }), '4 BeProduct {}');
});

test('variables count more than a profile, and what is given more than both', async () => {
  keep({ shop: { ...settings(), company_domain: 'nobody', api_url: 'http://127.0.0.1:9' } });
  const program = `
    const client = BeProduct.fromEnvironment({ companyDomain: 'acme', profile: 'shop', ledger: 'memory' });
    console.log((await client.style.folders()).length, client);`;
  const variables = { BEPRODUCT_API_URL: simulator.at.api, BEPRODUCT_COMPANY_DOMAIN: 'somebody' };
  assert.equal(await run(program, variables), "4 BeProduct { companyDomain: 'acme', profile: 'shop' }");
});

test('a profile is named', async () => {
  keep({ shop: settings() });
  const program = `
    const client = new BeProduct({ profile: 'shop', ledger: 'memory' });
    console.log((await client.style.folders()).length, client);
    try { new BeProduct({ profile: 'none' }); } catch (error) { console.log(error.name, error.message); }`;
  const output = await run(program);
  assert.match(output, /^4 BeProduct \{ profile: 'shop' \}\nConfigError there is no profile "none"/);
});

test('without variables and profiles it is said what to do', async () => {
  const program =
    'try { BeProduct.fromEnvironment(); } catch (error) { console.log(error.name, error.message); }';
  const variables = { BEPRODUCT_CREDENTIALS_FILE: simulator.file('none.toml') };
  assert.match(await run(program, variables), /^ConfigError .*beproduct login/);
});
