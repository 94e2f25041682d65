import { inspect } from 'node:util';

import { fromEngine } from './decode.js';
import type { Tokens } from './records/auth.js';

/** Where requests are counted: in this client, in a SQLite file by its path, or in a Redis server by its URL. */
export type Ledger = 'memory' | { sqlite: string } | { redis: string | RedisLedger };

/** A Redis server that counts requests, for all machines that share it. */
export interface RedisLedger {
  /** `redis://user:password@host:port/database`, with TLS `rediss://`. */
  url: string;
  /**
   * What happens while the server is unreachable. `refuse`: calls fail with a `NetworkError`, and nothing is sent. `share`:
   * the client uses requests that it set aside in advance, as many as given here. They count as used for their day.
   * Default: `refuse`.
   */
  whenAway?: 'refuse' | { share: number } | undefined;
}

/** Where the client keeps tokens: in a file by its path, or in the keyring of the operating system under a name. */
export type TokenPlace = { file: string } | { keyring: string };

/** A custom store for the tokens of one sign-in, such as a database. */
export interface TokenStore {
  /** Returns what was saved last, or nothing. */
  load(): Tokens | null | undefined | PromiseLike<Tokens | null | undefined>;
  /**
   * Replaces what was saved. Renewed tokens are saved before they are used; if that fails, the call fails. After a sign-out
   * the tokens are an empty object.
   */
  save(tokens: Tokens): void | PromiseLike<void>;
  /**
   * For a store that several processes use: takes the lock that keeps the others from renewing. Returns false while another
   * process or another client has it, and is then called again.
   *
   * A lock has to end when its process dies. It is held for seconds at most. Without `tryLock` and `unlock` each process
   * renews by itself, which ends the sign-in where a refresh token works only once.
   */
  tryLock?(): boolean | PromiseLike<boolean>;
  /** Releases the lock, after renewed tokens were saved. The first exception becomes a warning of the process. */
  unlock?(): void | PromiseLike<void>;
}

/** Whether the setting is code of the program. */
export function isTokenStore(setting: unknown): setting is TokenStore {
  if (typeof setting !== 'object' || setting === null) return false;
  return ['load', 'save', 'tryLock', 'unlock'].some((name) => name in setting);
}

/** Tokens of the engine. Only their names are shown when they are printed. */
export function decodeTokens(members: unknown): Tokens {
  const tokens = fromEngine<Tokens>(members);
  const shown = () => `Tokens { ${Object.keys(tokens).join(', ')} }`;
  return Object.defineProperty(tokens, inspect.custom, { value: shown });
}
