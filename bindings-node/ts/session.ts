import { inspect } from 'node:util';

import { toError } from './failure.js';
import native from './native.cjs';
import { encodeSettings, type SignInSettings } from './settings.js';
import { decodeTokens, type Tokens } from './tokens.js';

/**
 * One sign-in of a person: send them to {@link url}, then give the address that they were sent back to to
 * {@link finish}. State and PKCE are made at random and checked; a session works once.
 */
export class AuthorizationSession {
  readonly #session: InstanceType<typeof native.AuthorizationSession>;

  /** Needs `clientId` and `redirectUri`. A client without a secret works. */
  constructor(settings: SignInSettings & Required<Pick<SignInSettings, 'clientId' | 'redirectUri'>>) {
    try {
      this.#session = new native.AuthorizationSession(encodeSettings(settings));
    } catch (error) {
      throw toError(error);
    }
  }

  /** Where the person signs in. */
  get url(): string {
    return this.#session.url;
  }

  /** Takes the address that the person was sent back to, and fetches the tokens. */
  async finish(redirected: string): Promise<Tokens> {
    try {
      return decodeTokens(await this.#session.finish(redirected));
    } catch (error) {
      throw toError(error);
    }
  }

  [inspect.custom](): string {
    return 'AuthorizationSession {}';
  }
}
