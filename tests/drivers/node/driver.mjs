// The driver of tests/drivers/README.md over the public API of the npm package.

import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';

import { BeProduct, BeProductError, parseEvent } from '../../../bindings-node/dist/esm/index.js';
import { recordedClient } from '../../../bindings-node/dist/esm/testing.js';
import { ARGUMENTS } from './arguments.mjs';

// What belongs to the client that was opened last.
let client;
let store;
let lines;
let controllers;
let listener;

const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const renamed = (members, rename) =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [rename(name), value]));
/** The same for the objects inside. */
const renamedDeep = (value, rename) => {
  if (Array.isArray(value)) return value.map((item) => renamedDeep(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [rename(name), renamedDeep(member, rename)]),
  );
};

const COMMANDS = {
  open({ settings, token_store: hostStore, stored }) {
    const { testing, quotaListener, ...rest } = renamed(settings, camel);
    for (const name of ['plan', 'ledger']) if (rest[name]) rest[name] = renamedDeep(rest[name], camel);
    listener = new Listener(quotaListener?.at_limit);
    if (quotaListener) {
      const current = listener;
      rest.onQuotaEvent = (event) => current.take(event);
      rest.onQuotaLimit = (event) => current.atLimit(event);
    }
    const written = (lines = []);
    rest.onLog = ({ level, message, operation = '', requestId = '' }) =>
      written.push(`${level} ${operation} ${requestId} ${message}`);
    controllers = new Map();
    store = hostStore ? new MemoryStore(stored) : undefined;
    if (store) rest.tokenStore = store;
    client = testing ? recordedClient(rest, renamed(testing, camel)) : new BeProduct(rest);
    return true;
  },

  async call(command) {
    const { operation, arguments: args } = command;
    // A method of the client itself, whose answer has no more to it.
    if (!Object.hasOwn(ARGUMENTS, operation)) return { body: (await client.call(operation, args)) ?? null };
    const { body, meta, raw } = await cancellable(command.name, (signal) =>
      begin(client.withResponse, command, signal, 'call'),
    );
    return { body, meta: metaOf(meta), raw: raw.toString() };
  },

  async list(command) {
    const ids = await cancellable(command.name, async (signal) => {
      const ids = [];
      for await (const { id } of pager(command, signal)) {
        ids.push(id ?? null);
        if (ids.length === command.limit) break;
      }
      return ids;
    });
    return { ids, count: ids.length };
  },

  async collect(command) {
    const records = await cancellable(command.name, (signal) => pager(command, signal).collect());
    return { ids: records.map(({ id }) => id ?? null), count: records.length };
  },

  cancel({ name }) {
    controller(name).abort();
    return true;
  },

  advance({ seconds }) {
    client.advance(seconds);
    return true;
  },

  async quota() {
    return renamedDeep(await client.quota.status(), snake);
  },

  async report({ days }) {
    return renamedDeep(await client.quota.report({ days }), snake);
  },

  async estimate({ work }) {
    return renamedDeep(await client.quota.estimate(renamedDeep(work, camel)), snake);
  },

  event: ({ body }) => renamed(parseEvent(body), snake),

  async change_plan({ plan }) {
    await client.quota.changePlan(renamed(plan, camel));
    return true;
  },

  async events({ count = 0 }) {
    return renamedDeep(await listener.taken(count), snake);
  },

  async logs() {
    // Lines come by the event loop, which has had no turn since the last answer.
    await new Promise((resolve) => setImmediate(resolve));
    return lines;
  },

  stored: () => (store?.tokens ? renamed(store.tokens, snake) : null),

  async close() {
    await client.close();
    return true;
  },
};

class MemoryStore {
  constructor(stored) {
    this.tokens = stored ? renamed(stored, camel) : undefined;
  }

  load() {
    return this.tokens;
  }

  save(tokens) {
    this.tokens = tokens;
  }
}

/** Keeps events of the quota, and answers at its limits as the case says. */
class Listener extends EventEmitter {
  events = [];

  constructor(answer) {
    super();
    this.answer = answer;
  }

  take(event) {
    this.events.push(event);
    this.emit('event');
  }

  async atLimit(event) {
    this.take(event);
    if (this.answer === 'fail') throw new Error('no answer at the limit');
    return this.answer;
  }

  /** All events so far, once there are so many. They come by the event loop. */
  async taken(count) {
    const signal = AbortSignal.timeout(10_000);
    try {
      while (this.events.length < count) await once(this, 'event', { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return this.events.splice(0);
  }
}

/** Calls an operation by its method, or by its name if the method has no place for the arguments. */
function begin(resources, { operation, arguments: given = {}, options = {} }, signal, byName) {
  const callOptions = { ...renamed(options, camel), signal };
  const { leading, named } = ARGUMENTS[operation];
  const { [leading]: first, ...rest } = given;
  if (!named && Object.keys(rest).length > 0) return client[byName](operation, given, callOptions);
  const [resource, method] = operation.split('.').map(camel);
  const own = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, fileOf(value)]));
  const args = [...(leading ? [first] : []), ...(named ? [renamed(own, camel)] : [])];
  return resources[resource][method](...args, callOptions);
}

/** A stream in the form that Node has for it. */
function fileOf(value) {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'chunks')) return value;
  const { chunks, fails, waits, ...file } = value;
  async function* content() {
    for (const chunk of chunks) yield Buffer.from(chunk);
    if (fails) throw new Error(fails);
    if (waits) await new Promise(() => undefined);
  }
  return { ...file, content: content() };
}

function pager(command, signal) {
  return begin(client, command, signal, 'stream');
}

/** An attempt as the engine states it: the client leaves null out. */
function withNulls(attempt) {
  return { status: null, error: null, ...attempt };
}

function metaOf({ headers, attempts, ...meta }) {
  return { ...renamedDeep(meta, snake), headers: [...headers], attempts: attempts.map(withNulls) };
}

/** The controller of a call, which may be cancelled before it begins. */
function controller(name) {
  if (!controllers.has(name)) controllers.set(name, new AbortController());
  return controllers.get(name);
}

function cancellable(name, start) {
  return start(name === undefined ? undefined : controller(name).signal);
}

/** Members of an error that are left out where they are not known. */
const UNKNOWN = { status: null, code: null, retry_after: null, method: null, url: null, body_excerpt: null };

function failure(error) {
  if (!(error instanceof BeProductError)) return { kind: 'driver', message: inspect(error) };
  const text = `${error}\n${inspect(error, { depth: 9 })}`;
  const { attempts, ...fields } = renamed(error.toJSON(), snake);
  return { ...UNKNOWN, ...fields, attempts: attempts.map(withNulls), text };
}

async function carryOut({ id, do: name, ...command }) {
  let answer;
  try {
    if (!Object.hasOwn(COMMANDS, name)) throw new Error(`there is no command ${name}`);
    answer = { id, ok: await COMMANDS[name](command) };
  } catch (error) {
    answer = { id, error: failure(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) carryOut(JSON.parse(line));
process.exit(0);
