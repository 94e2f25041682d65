// The programs of docs/cookbook.md, and how they are run: each in a process, with what a user would have set.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

const PROGRAMS = path('../target/cookbook');

/** When every program begins: 10:00 UTC on 25 November 2026. */
export const START = 1_795_600_800;

// Pauses return at once, and pictures may come from this machine.
const PROFILE = `[default]
testing = { clock = "recorded", start = ${START}, fixed_chance = true }
allow_private_sources = true
`;

/** The TypeScript of each job, by its heading. */
export function programs() {
  const [, ...jobs] = readFileSync(path('../../docs/cookbook.md'), 'utf8').split(/^## /m);
  const block = /^```ts\n(.*?)^```$/gms;
  return new Map(
    jobs.map((job) => [job.slice(0, job.indexOf('\n')), [...job.matchAll(block)].map(([, code]) => code)]),
  );
}

const fileOf = (job, ending) => join(PROGRAMS, `${job.toLowerCase().replaceAll(' ', '-')}.${ending}`);

/** Makes JavaScript of all programs, with the settings of the examples. Says what the compiler finds wrong. */
export async function compile() {
  rmSync(PROGRAMS, { recursive: true, force: true });
  mkdirSync(PROGRAMS, { recursive: true });
  for (const [job, found] of programs()) writeFileSync(fileOf(job, 'ts'), found.join('\n'));
  const compiler = path('../node_modules/.bin/tsc');
  const tsc = spawn(compiler, ['-p', path('cookbook.tsconfig.json')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return text(tsc.stdout);
}

/** A folder with the input of a program, and its environment. */
export class Workspace {
  #simulator;
  #counted = 0;

  constructor(simulator) {
    this.#simulator = simulator;
    const home = simulator.file(randomUUID());
    this.folder = join(home, 'work');
    this.state = join(home, 'state');
    mkdirSync(this.folder, { recursive: true });
    this.credentials = join(home, 'credentials.toml');
    this.profiles(PROFILE);
    const { at } = simulator;
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(BEPRODUCT_|NODE_TEST_CONTEXT)/.test(name),
    );
    this.environment = {
      ...Object.fromEntries(inherited),
      BEPRODUCT_COMPANY_DOMAIN: at.company,
      BEPRODUCT_CLIENT_ID: at.client_id,
      BEPRODUCT_CLIENT_SECRET: at.client_secret,
      BEPRODUCT_REFRESH_TOKEN: at.refresh_token,
      BEPRODUCT_API_URL: at.api,
      BEPRODUCT_AUTOMATION_URL: at.automation,
      BEPRODUCT_IDENTITY_URL: at.identity,
      BEPRODUCT_CREDENTIALS_FILE: this.credentials,
      XDG_STATE_HOME: this.state,
    };
  }

  profiles(content) {
    writeFileSync(this.credentials, content);
    chmodSync(this.credentials, 0o600);
  }

  file(name) {
    return join(this.folder, name);
  }

  /** An input file. */
  write(name, ...lines) {
    writeFileSync(this.file(name), lines.map((line) => `${line}\n`).join(''));
  }

  /** Lines of an output file. */
  read(name) {
    return readFileSync(this.file(name), 'utf8').trimEnd().split('\n');
  }

  start(job, ...flags) {
    return spawn(process.execPath, [...flags, fileOf(job, 'js')], {
      cwd: this.folder,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Runs a program to its end, which may be a failure. */
  async attempt(job, ...flags) {
    const child = this.start(job, ...flags);
    const [printed, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    return { printed, errors, code };
  }

  /** Runs a program to its end. Returns the lines that it prints. */
  async run(job, ...flags) {
    const { printed, errors, code } = await this.attempt(job, ...flags);
    assert.deepEqual([code, errors], [0, '']);
    return printed.split('\n').slice(0, -1);
  }

  /** Requests that the service counted since it was last asked. */
  async count() {
    const { api } = await this.#simulator.counts();
    const spent = api - this.#counted;
    this.#counted = api;
    return spent;
  }
}
