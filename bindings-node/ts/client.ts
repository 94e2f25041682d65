import { inspect } from 'node:util';

import { Auth } from './auth.js';
import { type Caller, Connection } from './connection.js';
import { knownAcrossCopies } from './copies.js';
import { DECODERS } from './decode.js';
import { configError } from './errors.js';
import { Host } from './host.js';
import native from './native.cjs';
import type { CallOptions, ListOptions } from './options.js';
import type { Pager } from './pager.js';
import { Quota } from './quota.js';
import { Resources } from './resources/index.js';
import type { WithResponse } from './response.js';
import { type ActAs, type ClientSettings, encodeSettings, type Settings } from './settings.js';
import { isTokenStore } from './tokens.js';

/** The engine behind a client. */
export let engineOf: (client: BeProduct) => native.Engine;

/**
 * A client for one company: one sign-in, one quota, one pool of connections. Make one per company and keep it.
 *
 * It keeps no process alive while it is idle.
 */
export class BeProduct extends Resources {
  readonly #connection: Connection;
  readonly #quota: Quota;
  readonly #auth: Auth;
  /** What tells it from others when it is printed. */
  #shown: Pick<ClientSettings & Partial<ActAs>, 'companyDomain' | 'profile' | 'userId'>;

  static {
    engineOf = (client) => client.#connection.engine;
  }

  /** Sends nothing. Throws a `ConfigError` when a setting is missing, wrong or unknown. */
  constructor(settings: Settings);
  /** @internal */
  constructor(connection: Connection);
  constructor(given: Settings | Connection) {
    const connection = given instanceof Connection ? given : connect(given);
    super(connection);
    this.#connection = connection;
    this.#quota = new Quota(connection);
    this.#auth = new Auth(connection);
    const { companyDomain, profile } = given instanceof Connection ? {} : given;
    this.#shown = { ...(companyDomain && { companyDomain }), ...(profile && { profile }) };
  }

  /**
   * A client with the settings of the `BEPRODUCT_*` variables and, below them, of the profile that `BEPRODUCT_PROFILE`
   * names (`default` without it): `BEPRODUCT_COMPANY_DOMAIN`, `BEPRODUCT_CLIENT_ID`, `BEPRODUCT_CLIENT_SECRET`,
   * `BEPRODUCT_REFRESH_TOKEN`, `BEPRODUCT_ACCESS_TOKEN`, `BEPRODUCT_SCOPE`, `BEPRODUCT_API_URL`,
   * `BEPRODUCT_AUTOMATION_URL`, `BEPRODUCT_IDENTITY_URL`. What is given here counts more.
   *
   * Throws a `ConfigError` when there are neither, and as the constructor does.
   */
  static fromEnvironment<Client extends BeProduct>(
    this: new (settings: Settings) => Client,
    settings: ClientSettings = {},
  ): Client {
    return new this({ ...settings, environment: true } as unknown as Settings);
  }

  /** The requests of the day. */
  get quota(): Quota {
    return this.#quota;
  }

  /** The sign-in: who it is, and how to end it. */
  get auth(): Auth {
    return this.#auth;
  }

  /**
   * A client that acts for another user of the company. The one who is signed in here has to be an administrator of it.
   *
   * Its calls wait for a token of that user. Where none can be had they fail with an `AuthError`; none is made as the
   * administrator. It shares quota and connections with this client, and is closed with it.
   *
   * It is of the same class as this one: a derived class has to take settings and nothing else, and to hand them to `super`
   * unchanged.
   *
   * Throws a `ConfigError` when something is missing, when this client acts for another user itself, or when a derived
   * class cannot be made so.
   */
  actingAs(whom: ActAs): this {
    const client = this.#of(this.#connection.actingAs(whom));
    client.#shown = { ...this.#shown, userId: whom.userId };
    return client;
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

  /**
   * Ends all calls at once with a `CancelledError`; later ones fail with a `ClosedError`.
   *
   * Resolves when what this client has leased of the quota (`quotaLease`, `share`) is given back and its callbacks have got
   * all that there was for them, or after five seconds, which keeps the process alive as long. That happens also when nobody
   * waits for it. Afterwards no code of the program is called, or kept. It may be called again.
   */
  close(): Promise<void> {
    return this.#connection.engine.close();
  }

  /** Closes the client; does not wait for the leases. */
  [Symbol.dispose](): void {
    void this.close();
  }

  /** Closes the client, and waits as `close` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A client of the same class with this connection. What the program has added to this one may act for this user. */
  #of(connection: Connection): this {
    const type = this.constructor as new (connection: Connection) => this;
    let cause: unknown;
    if (type.length < 2) {
      try {
        const client = new type(connection);
        if (client.#connection === connection) return client;
        void client.close();
      } catch (error) {
        cause = error;
      }
    }
    throw configError(
      `actingAs cannot make a ${type.name}: its constructor has to take settings and nothing else, and to hand them to ` +
        'super unchanged. Where it cannot, override actingAs.',
      cause,
    );
  }

  [inspect.custom](): string {
    return `BeProduct ${inspect(this.#shown, { breakLength: Infinity })}`;
  }
}

knownAcrossCopies(BeProduct);

function connect(given: Settings): Connection {
  const { onLog, onQuotaEvent, onQuotaLimit, decimals = 'number', tokenStore, ...settings } = given ?? {};
  if (!Object.hasOwn(DECODERS, decimals)) {
    throw configError(`settings.decimals has to be "number" or "exact", not ${inspect(decimals)}`);
  }
  const callbacks = { onLog, onQuotaEvent, onQuotaLimit };
  const isCode = isTokenStore(tokenStore);
  const host = new Host(isCode ? { ...callbacks, tokenStore } : callbacks);
  const text = encodeSettings(isCode ? settings : { ...settings, tokenStore });
  return new Connection(() => native.Engine.open(text, host.hooks, host.call), DECODERS[decimals], host);
}
