import { inspect } from 'node:util';

import { Connection } from './connection.js';
import { knownAcrossCopies } from './copies.js';
import native from './native.cjs';
import { encodeSettings, type SignInSettings } from './settings.js';
import { decodeTokens, type Tokens } from './tokens.js';

/**
 * One sign-in of a person: send them to {@link url}, then give the address that they were sent back to to
 * {@link finish}. State and PKCE are made at random and checked; a session works once.
 */
export class AuthorizationSession {
  readonly #connection: Connection;

  /** Needs `clientId` and `redirectUri`. A client without a secret works. */
  constructor(settings: SignInSettings & { clientId: string; redirectUri: string }) {
    const text = encodeSettings(settings);
    this.#connection = new Connection(() => native.Engine.signIn(text));
  }

  /** Where the person signs in. */
  get url(): string {
    return this.#connection.engine.url ?? '';
  }

  /** Takes the address that the person was sent back to, and fetches the tokens. */
  async finish(redirected: string): Promise<Tokens> {
    return decodeTokens(await this.#connection.ask('sign_in.finish', { redirected }));
  }

  [inspect.custom](): string {
    return 'AuthorizationSession {}';
  }
}

knownAcrossCopies(AuthorizationSession);
