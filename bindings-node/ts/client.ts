import { inspect } from 'node:util';

import { type Caller, Connection } from './connection.js';
import { DECODERS } from './decode.js';
import { configError } from './errors.js';
import { toError } from './failure.js';
import native from './native.cjs';
import type { CallOptions, ListOptions } from './options.js';
import type { Pager } from './pager.js';
import { Quota } from './quota.js';
import { Resources } from './resources.js';
import type { WithResponse } from './response.js';
import { encodeSettings, type LogRecord, type Settings } from './settings.js';
import { StoreBridge, type TokenStore } from './tokens.js';

/** The engine behind a client. */
export let engineOf: (client: BeProduct) => native.Engine;

/**
 * A client for one company: one sign-in, one quota, one pool of connections. Make one per company and keep it.
 *
 * It keeps no process alive while it is idle.
 */
export class BeProduct extends Resources {
  readonly #connection: Connection;
  readonly #companyDomain: string;
  readonly #quota: Quota;

  static {
    engineOf = (client) => client.#connection.engine;
  }

  /** Sends nothing. Throws a `ConfigError` when a setting is missing, wrong or unknown. */
  constructor(settings: Settings) {
    const connection = connect(settings);
    super(connection);
    this.#connection = connection;
    this.#companyDomain = settings.companyDomain;
    this.#quota = new Quota(connection.engine);
  }

  /** The requests of the day. */
  get quota(): Quota {
    return this.#quota;
  }

  /** The same resources, whose methods resolve to `{ body, meta, raw }`. */
  get withResponse(): { readonly [Name in keyof Resources]: WithResponse<Resources[Name]> } {
    const connection = this.#connection;
    const caller = {
      call: connection.response.bind(connection),
      list: connection.list.bind(connection),
    } as Caller;
    return new Resources(caller) as never;
  }

  /**
   * Calls an operation by its id, `style.attributes_get`, or its short name, `style.get`. Arguments have the names of
   * the catalogue: `{ header_id: '...' }`.
   */
  call<T = unknown>(operation: string, args: object = {}, options?: CallOptions): Promise<T> {
    return this.#connection.call(operation, args, options);
  }

  /** The records of a list operation by its id or short name. Arguments have the names of the catalogue. */
  list<T = unknown>(operation: string, args: object = {}, options?: ListOptions): Pager<T> {
    return this.#connection.list(operation, args, options);
  }

  /** Ends all calls with a `CancelledError`; later ones fail with a `ClosedError`. */
  close(): void {
    this.#connection.engine.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  [inspect.custom](): string {
    return `BeProduct { companyDomain: ${inspect(this.#companyDomain)} }`;
  }
}

function connect(given: Settings): Connection {
  const { onLog, decimals = 'number', tokenStore, ...settings } = given ?? {};
  if (!Object.hasOwn(DECODERS, decimals)) {
    throw configError(`settings.decimals has to be "number" or "exact", not ${inspect(decimals)}`);
  }
  if (onLog !== undefined && typeof onLog !== 'function') {
    throw configError(`settings.onLog has to be a function, not ${inspect(onLog)}`);
  }
  const store = isTokenStore(tokenStore) ? new StoreBridge(tokenStore) : undefined;
  const text = encodeSettings(store ? settings : { ...settings, tokenStore });
  try {
    return new Connection(new native.Engine(text, store, onLog && guarded(onLog)), DECODERS[decimals], store);
  } catch (error) {
    throw toError(error);
  }
}

function isTokenStore(setting: Settings['tokenStore']): setting is TokenStore {
  return typeof setting === 'object' && setting !== null && 'load' in setting;
}

/** A log sink that fails must not take the process down. It is told once, as it is likely to fail at every line. */
function guarded(onLog: (record: LogRecord) => void): (record: LogRecord) => void {
  let told = false;
  return (record) => {
    try {
      onLog(record);
    } catch (error) {
      if (!told) process.emitWarning(`onLog failed: ${inspect(error)}`, 'BeProductWarning');
      told = true;
    }
  };
}
