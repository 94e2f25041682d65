import type { Causes } from './causes.js';
import { encode } from './encode.js';
import { configError } from './errors.js';
import { fromEngine, toEngine } from './names.js';
import type native from './native.cjs';
import { warner } from './warning.js';

/** Tokens of one sign-in, in clear. */
export interface Tokens {
  /** Goes with every request. */
  accessToken?: string;
  /** End of the access token's life, Unix seconds. */
  expiresAt?: number;
  /** Life of the access token when it was issued, in seconds. */
  lifetime?: number;
  /** Renews the access token. */
  refreshToken?: string;
  /** Tells who signed in. */
  idToken?: string;
  /** Scopes that were granted, separated by blanks, where the identity server has said so. */
  scope?: string;
  /** Tells the sign-in that the tokens come from, so that a newly configured one wins over what is stored. */
  origin?: string;
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

export function decodeTokens(json: string): Tokens {
  return fromEngine(JSON.parse(json));
}

/** A store as the engine calls it. */
export class StoreBridge implements native.TokenStore {
  readonly #store: TokenStore;
  readonly #causes: Causes;
  readonly #warn = warner('tokenStore.unlock');

  constructor(store: TokenStore, causes: Causes) {
    if (typeof store.save !== 'function') throw configError('tokenStore has load but no save');
    const isShared = store.tryLock !== undefined || store.unlock !== undefined;
    if (isShared && !(typeof store.tryLock === 'function' && typeof store.unlock === 'function')) {
      throw configError('tokenStore has to have both tryLock and unlock, or neither');
    }
    this.#store = store;
    this.#causes = causes;
    if (isShared) {
      this.tryLock = () => this.#attempt('locked', () => this.#lock());
      this.unlock = () => void this.#unlock();
    }
  }

  // Properties, as the engine calls them without an object.
  readonly load = () =>
    this.#attempt('read', async () => {
      const tokens = await this.#store.load();
      return tokens ? encode(toEngine(tokens, NAMES, 'tokens'), 'tokens') : null;
    });

  readonly save = (tokens: string) =>
    this.#attempt('written', async () => {
      await this.#store.save(decodeTokens(tokens));
    });

  readonly tryLock?: () => Promise<boolean>;
  readonly unlock?: () => void;

  async #lock(): Promise<boolean> {
    const locked = await this.#store.tryLock?.();
    if (typeof locked === 'boolean') return locked;
    throw configError(`tryLock has to return a boolean, not ${typeof locked}`);
  }

  async #unlock(): Promise<void> {
    try {
      await this.#store.unlock?.();
    } catch (error) {
      this.#warn(error);
    }
  }

  #attempt<T>(what: string, action: () => Promise<T>): Promise<T> {
    return this.#causes.keep(`the token store could not be ${what}`, action);
  }
}
