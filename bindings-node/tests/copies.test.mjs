// Classes that a program derives, and programs that have both copies of the package.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import * as esm from 'beproduct-client';
import { RecordedClient } from 'beproduct-client/testing';

import { Simulator } from './simulator.mjs';

const require = createRequire(import.meta.url);
const cjs = require('beproduct-client');

let simulator, whom;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(async () => {
  await simulator.reset();
  const { user_id, impersonation_client_id, impersonation_client_secret } = simulator.at;
  whom = { userId: user_id, clientId: impersonation_client_id, clientSecret: impersonation_client_secret };
});
after(() => simulator.stop());

const FIELDS = { kind: 'not_found', message: 'gone' };

test('instanceof holds between the two copies', () => {
  for (const [here, there] of [
    [esm, cjs],
    [cjs, esm],
  ]) {
    const error = here.BeProductError.fromJSON(FIELDS);
    assert.ok(error instanceof there.NotFoundError && error instanceof there.BeProductError);
    assert.ok(!(error instanceof there.ConfigError));
    const client = new here.BeProduct(simulator.settings);
    assert.ok(client instanceof there.BeProduct && !(client instanceof there.NotFoundError));
    for (const other of [new Error('x'), null, undefined, 'text', {}, Object.create(null)]) {
      assert.ok(!(other instanceof there.BeProductError), inspect(other));
    }
  }
  const { recordedClient } = require('beproduct-client/testing');
  const recorded = recordedClient(simulator.settings);
  assert.ok(recorded instanceof RecordedClient && recorded instanceof esm.BeProduct);
  const session = new cjs.AuthorizationSession({
    ...simulator.signIn,
    redirectUri: simulator.at.redirect_uri,
  });
  assert.ok(session instanceof esm.AuthorizationSession);
});

test('a class that a program derives is an ordinary one', () => {
  class Gone extends esm.NotFoundError {}
  const [plain, gone] = [new esm.NotFoundError(FIELDS), new Gone(FIELDS)];
  assert.ok(gone instanceof Gone && gone instanceof cjs.NotFoundError && gone instanceof esm.BeProductError);
  assert.ok(!(plain instanceof Gone) && !(new cjs.NotFoundError(FIELDS) instanceof Gone));
});

test('who acts for another user is of the same class', async () => {
  class Shop extends esm.BeProduct {
    #calls = 0;

    names = async () => {
      this.#calls += 1;
      return (await this.style.folders()).length + this.#calls;
    };
  }
  const shop = new Shop(simulator.settings);
  await shop.names();
  const colleague = shop.actingAs(whom);
  assert.ok(colleague instanceof Shop);
  assert.equal(await colleague.names(), 5);
  assert.equal((await simulator.log()).at(-1).user, 'sample.manager');
  const recorded = new RecordedClient({ ...simulator.settings, testing: { clock: 'recorded' } });
  recorded.actingAs(whom).advance(1);
});

test('a class that cannot be made for another user says so', async () => {
  const { settings } = simulator;
  class Named extends esm.BeProduct {
    constructor(settings, name) {
      super(settings);
      this.name = name;
    }
  }
  class Changing extends esm.BeProduct {
    constructor(given) {
      super({ ...settings, ...given });
    }
  }
  class Own extends esm.BeProduct {
    constructor() {
      super(settings);
    }
  }
  class Picky extends esm.BeProduct {
    constructor(given) {
      if (!given.companyDomain) throw new RangeError('no company');
      super(given);
    }
  }
  for (const client of [new Named(settings, 'a'), new Changing(settings), new Own(), new Picky(settings)]) {
    const { name } = client.constructor;
    assert.throws(
      () => client.actingAs(whom),
      (error) =>
        error instanceof esm.ConfigError && error.message.startsWith(`actingAs cannot make a ${name}: `),
      name,
    );
  }
  assert.equal((await simulator.counts()).api, 0);
});

test('a client from the environment is of the class that is asked', () => {
  class Shop extends esm.BeProduct {}
  const { companyDomain, ...rest } = simulator.settings;
  process.env.BEPRODUCT_COMPANY_DOMAIN = companyDomain;
  assert.ok(Shop.fromEnvironment(rest) instanceof Shop);
});
