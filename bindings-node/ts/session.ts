import { inspect } from 'node:util';

import type { SignalOptions } from './client/options.js';
import type { SignInSettings } from './client/settings.js';
import { Connection } from './connection.js';
import { knownAcrossCopies } from './copies.js';
import native from './native.cjs';
import type { Tokens } from './records/auth.js';
import { encodeSettings } from './settings.js';
import { decodeTokens } from './stores.js';

/**
 * One sign-in of a person: send the person to {@link url}, then pass the address of the redirect to {@link finish}. State
 * and PKCE are random and checked; a session works once.
 */
export class AuthorizationSession {
  readonly #connection: Connection;

  /** Needs `clientId` and `redirectUri`. An application without a secret works. */
  constructor(settings: SignInSettings & { clientId: string; redirectUri: string }) {
    const text = encodeSettings(settings);
    this.#connection = new Connection(() => native.Engine.signIn(text));
  }

  /** Where the person signs in. */
  get url(): string {
    return this.#connection.engine.url ?? '';
  }

  /**
   * Fetches the tokens.
   *
   * @param redirected Address that the person was redirected to.
   */
  async finish(redirected: string, options?: SignalOptions): Promise<Tokens> {
    return decodeTokens(await this.#connection.ask('sign_in.finish', options, { redirected }));
  }

  [inspect.custom](): string {
    return 'AuthorizationSession {}';
  }
}

knownAcrossCopies(AuthorizationSession);
