import { inspect } from 'node:util';

import { ConfigError } from './client/errors.js';
import { Groups } from './client/groups.js';
import type { CallOptions, ListOptions } from './client/options.js';
import type { ClientSettings } from './client/settings.js';
import { type Caller, Connection } from './connection.js';
import { knownAcrossCopies } from './copies.js';
import { decoderOf } from './decode.js';
import { Host } from './host.js';
import native from './native.cjs';
import type { Pager } from './pager.js';
import { Resources } from './resources/index.js';
import type { WithResponse } from './response.js';
import { type ActAs, encodeSettings, type Settings } from './settings.js';
import { isTokenStore } from './stores.js';

/** The engine behind a client. */
export let engineOf: (client: BeProduct) => native.Engine;

/**
 * A client for one company: one sign-in, one quota, one pool of connections. Create one per company and keep it.
 *
 * An idle client keeps no process alive.
 */
export class BeProduct extends Groups {
  readonly #connection: Connection;
  /** What is shown when the client is printed. */
  #shown: Pick<ClientSettings & Partial<ActAs>, 'companyDomain' | 'profile' | 'userId'>;

  static {
    engineOf = (client) => client.#connection.engine;
  }

  /**
   * Sends nothing.
   *
   * @throws {ConfigError} if a setting is missing, invalid or unknown.
   */
  constructor(settings: Settings);
  /** @internal */
  constructor(connection: Connection);
  constructor(given: Settings | Connection) {
    const connection = given instanceof Connection ? given : connect(given);
    super(connection);
    this.#connection = connection;
    const { companyDomain, profile } = given instanceof Connection ? {} : given;
    this.#shown = { ...(companyDomain && { companyDomain }), ...(profile && { profile }) };
  }

  /**
   * A client with the settings of the environment and, where a variable is missing, of the profile that
   * `BEPRODUCT_PROFILE` names (`default` without it). The variables are `BEPRODUCT_COMPANY_DOMAIN`,
   * `BEPRODUCT_CLIENT_ID`, `BEPRODUCT_CLIENT_SECRET`, `BEPRODUCT_REFRESH_TOKEN`, `BEPRODUCT_ACCESS_TOKEN`,
   * `BEPRODUCT_SCOPE`, `BEPRODUCT_API_URL`, `BEPRODUCT_AUTOMATION_URL` and `BEPRODUCT_IDENTITY_URL`. Settings that are
   * given here take precedence.
   *
   * @throws {ConfigError} if there are neither variables nor a profile, and as the constructor does.
   */
  static fromEnvironment<Client extends BeProduct>(
    this: new (settings: Settings) => Client,
    settings: ClientSettings = {},
  ): Client {
    return new this({ ...settings, environment: true } as unknown as Settings);
  }

  /**
   * A client that acts for another user of the company. The user who is signed in here has to be an administrator of it.
   *
   * Its calls wait for a token of that user. If the identity server issues none they fail with an `AuthError`; no call
   * is made as the administrator. It shares quota and connections with this client, and is closed with it.
   *
   * It is of the same class as this client: a derived class has to take settings and nothing else, and to pass them to
   * `super` unchanged.
   *
   * @throws {ConfigError} if something is missing, this client acts for another user itself, or the derived class cannot
   * be created like this.
   */
  actingAs(whom: ActAs): this {
    const connection = this.#connection.actingAs(whom);
    return this.#of(connection, 'actingAs', { userId: whom.userId });
  }

  /**
   * The same client with options for all of its calls; those of a call take precedence.
   *
   *     const nightly = client.withOptions({ label: 'nightly', priority: 'bulk' });
   *
   * It shares sign-in, quota and connections with this client, and closing either closes both. It is of the same class,
   * as with {@link actingAs}.
   *
   * @throws {ConfigError} if an option is unknown or invalid, or the derived class cannot be created like this.
   */
  withOptions(options: ListOptions): this {
    return this.#of(this.#connection.withOptions(options), 'withOptions');
  }

  /** The same resources, whose methods resolve to `{ body, meta, raw }`. */
  get withResponse(): { readonly [Name in keyof Resources]: WithResponse<Resources[Name]> } {
    const connection = this.#connection;
    const caller = {
      call: connection.response.bind(connection),
      held: connection.held.bind(connection),
      stream: connection.stream.bind(connection),
      file: connection.file.bind(connection),
    } as unknown as Caller;
    return new Resources(caller) as never;
  }

  /**
   * Calls an operation by its id, `style.attributes_get`, or its short name, `style.get`.
   *
   * @param args Arguments by the names of the catalogue: `{ header_id: '...' }`.
   */
  call<T = unknown>(operation: string, args: object = {}, options?: CallOptions): Promise<T> {
    return this.#connection.call(operation, options, args);
  }

  /**
   * The records of a list operation by its id or short name.
   *
   * @param args Arguments by the names of the catalogue: `{ folder_id: '...' }`.
   */
  stream<T = unknown>(operation: string, args: object = {}, options?: ListOptions): Pager<T> {
    return this.#connection.stream(operation, options, args);
  }

  /**
   * Ends all calls at once with a `CallCancelledError`; later calls fail with a `ClientClosedError`.
   *
   * Resolves once unused requests of a lease (`quotaLease`, `share`) are given back and callbacks have received everything,
   * or after five seconds; the process stays alive for that long. This also happens if nobody awaits it. Afterwards no
   * callback is called or kept. It may be called again.
   */
  close(): Promise<void> {
    return this.#connection.engine.close();
  }

  /** Closes the client without waiting. */
  [Symbol.dispose](): void {
    void this.close();
  }

  /** Closes the client, and waits as `close` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A client of the same class with this connection. The program may have added more to the class. */
  #of(connection: Connection, method: string, shown: Partial<ActAs> = {}): this {
    const type = this.constructor as new (connection: Connection) => this;
    let cause: unknown;
    if (type.length < 2) {
      try {
        const client = new type(connection);
        if (client.#connection === connection) {
          client.#shown = { ...this.#shown, ...shown };
          return client;
        }
        void client.close();
      } catch (error) {
        cause = error;
      }
    }
    const message =
      `${method} cannot make a ${type.name}: its constructor has to take settings and nothing else, and to pass them to ` +
      `super unchanged. If it cannot, override ${method}.`;
    throw new ConfigError({ message }, cause === undefined ? undefined : { cause });
  }

  [inspect.custom](): string {
    return `BeProduct ${inspect(this.#shown, { breakLength: Infinity })}`;
  }
}

knownAcrossCopies(BeProduct);

function connect(given: Settings): Connection {
  const { onLog, onQuotaEvent, onQuotaLimit, decimals, tokenStore, ...settings } = given ?? {};
  const decode = decoderOf(decimals, 'settings.decimals');
  const callbacks = { onLog, onQuotaEvent, onQuotaLimit };
  const isCode = isTokenStore(tokenStore);
  const host = new Host(isCode ? { ...callbacks, tokenStore } : callbacks);
  const text = encodeSettings(isCode ? settings : { ...settings, tokenStore });
  return new Connection(() => native.Engine.open(text, host.hooks, host.call), decode, host);
}
