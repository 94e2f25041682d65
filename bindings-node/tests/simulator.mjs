// The simulator of the service, as a process of its own, with its control interface.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { transcript } from './transcript.mjs';

export const PROGRAM =
  process.env.BEPRODUCT_SIMULATOR ??
  fileURLToPath(new URL('../../target/ci/beproduct-simulator', import.meta.url));

export class Simulator {
  #process;
  #folder;

  /** Addresses and credentials. */
  at;

  static async start(...options) {
    const simulator = new Simulator();
    simulator.#folder = mkdtempSync(join(tmpdir(), 'beproduct-client-'));
    simulator.#process = spawn(PROGRAM, ['--until-stdin-closes', ...options], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(simulator.#process.stdout), 'line');
    simulator.at = JSON.parse(line);
    return simulator;
  }

  /** Settings of a client for the sample user. */
  get settings() {
    return {
      companyDomain: this.at.company,
      clientId: this.at.client_id,
      clientSecret: this.at.client_secret,
      refreshToken: this.at.refresh_token,
      apiUrl: this.at.api,
      automationUrl: this.at.automation,
      identityUrl: this.at.identity,
      stateDir: this.#folder,
      ledger: 'memory',
      ...transcript,
    };
  }

  /** Settings of a sign-in at a free port, by the client that has no secret. */
  get signIn() {
    return {
      clientId: this.at.public_client_id,
      redirectUri: 'http://127.0.0.1/callback',
      identityUrl: this.at.identity,
    };
  }

  async reset(changes = {}) {
    // A reset simulator accepts no refresh token that was kept before.
    rmSync(join(this.#folder, 'tokens'), { recursive: true, force: true });
    this.at = await this.#post('reset', changes);
  }

  faults(...rules) {
    return this.#post('faults', rules);
  }

  release() {
    return this.#post('release', {});
  }

  expireTokens() {
    return this.#post('tokens', { expire: 'access' });
  }

  /** ID tokens are wrong in this way from now on. */
  attack(kind) {
    return this.#post('attack', { kind });
  }

  /** Signs in at this address, as a person with a browser would. Answers where the browser is sent then. */
  async authorize(url) {
    return (await this.#post('authorize', { url })).redirect;
  }

  /** A file of the storage, with its link. */
  makeFile(name, length) {
    return this.#post('files', { name, length });
  }

  counts() {
    return this.#get('counts');
  }

  log(base = 'api') {
    return this.#get(`log?base=${base}`);
  }

  /** Waits until so many requests have arrived. */
  arrived(requests, base = 'api') {
    return this.#get(`wait?base=${base}&requests=${requests}`);
  }

  /** A path for a file of the test. */
  file(name) {
    return join(this.#folder, name);
  }

  async stop() {
    this.#process.stdin.end();
    await once(this.#process, 'exit');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #get(path) {
    return this.#answer(await fetch(`${this.at.control}/${path}`));
  }

  async #post(path, body) {
    const headers = { 'content-type': 'application/json' };
    return this.#answer(
      await fetch(`${this.at.control}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) }),
    );
  }

  async #answer(response) {
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }
}
