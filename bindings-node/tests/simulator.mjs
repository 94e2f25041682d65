// The simulator of the service, as a process of its own, with its control interface.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM =
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
      identityUrl: this.at.identity,
      stateDir: this.#folder,
      ledger: 'memory',
    };
  }

  async reset(changes = {}) {
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

  authorize(url) {
    return this.#post('authorize', { url });
  }

  counts() {
    return this.#get('counts');
  }

  log() {
    return this.#get('log?base=api');
  }

  /** Waits until so many requests have arrived. */
  arrived(requests, base = 'api') {
    return this.#get(`wait?base=${base}&requests=${requests}`);
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
