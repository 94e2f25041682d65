import { fromEngine, renamed } from './names.js';

/** Tokens of one sign-in, in clear. */
export interface Tokens {
  /** Goes with every request. */
  accessToken?: string | undefined;
  /** End of the access token's life, Unix seconds. */
  expiresAt?: number | undefined;
  /** Life of the access token when it was issued, in seconds. */
  lifetime?: number | undefined;
  /** Renews the access token. */
  refreshToken?: string | undefined;
  /** Tells who signed in. */
  idToken?: string | undefined;
  /** Scopes that were granted, separated by blanks, where the identity server has said so. */
  scope?: string | undefined;
  /** Tells the sign-in that the tokens come from, so that a newly configured one wins over what is stored. */
  origin?: string | undefined;
}

/** Keeps the tokens of one sign-in where the client cannot: in a database, in a vault. */
export interface TokenStore {
  /** What was saved last, if anything. */
  load(): Tokens | null | undefined | PromiseLike<Tokens | null | undefined>;
  /**
   * Replaces what was saved. Called with renewed tokens before anyone uses them; when it fails, the call fails. After a
   * sign-out it is called with an empty object.
   */
  save(tokens: Tokens): void | PromiseLike<void>;
  /**
   * For a store that several processes use, such as a database: takes the lock that keeps the others from renewing. False
   * while one of them has it, be it another client of this process; it is asked for again then.
   *
   * A lock has to end by itself when its process dies. It is held for seconds at most. Without `tryLock` and `unlock` each
   * process renews by itself, which ends the sign-in where refresh tokens work only once.
   */
  tryLock?(): boolean | PromiseLike<boolean>;
  /** Gives the lock back, after renewed tokens were saved. The first failure becomes a warning of the process. */
  unlock?(): void | PromiseLike<void>;
}

const NAMES = {
  accessToken: 'access_token',
  expiresAt: 'expires_at',
  refreshToken: 'refresh_token',
  idToken: 'id_token',
};

const METHODS = ['load', 'save', 'tryLock', 'unlock'];

/** Tokens of the engine. */
export function decodeTokens(tokens: object): Tokens {
  return fromEngine(tokens);
}

/** Tokens under the engine's names. */
export function renamedTokens(tokens: unknown): unknown {
  return renamed(tokens, NAMES, 'tokens');
}

/** Whether the setting is code of the program. */
export function isTokenStore(setting: unknown): setting is TokenStore {
  if (typeof setting !== 'object' || setting === null) return false;
  return METHODS.some((name) => name in setting);
}
