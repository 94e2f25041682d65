import type { Connection } from './connection.js';

/** Who is signed in; null is what the identity server does not tell. What else it tells has the names that it gives. */
export interface UserInfo {
  /** Id of the user. */
  sub: string | null;
  /** Name for signing in. */
  preferredUsername: string | null;
  /** Full name. */
  name: string | null;
  /** E-mail address. */
  email: string | null;
  /** Whether the address was verified. */
  emailVerified: boolean | null;
  [member: string]: unknown;
}

/** Options of a question about the sign-in. */
export interface AuthOptions {
  /** Gives it up. One that is aborted already sends nothing. */
  signal?: AbortSignal;
}

/** Options of {@link Auth.endSessionUrl}. */
export interface EndSessionOptions extends AuthOptions {
  /** Where the browser ends, an address that is registered for the application. Default: at the identity server. */
  postLogoutRedirectUri?: string;
}

/** The sign-in of a client: who it is, and how to end it. Nothing here counts against the quota. */
export class Auth {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Who is signed in, by the identity server. Fails as any call does. */
  async userinfo({ signal }: AuthOptions = {}): Promise<UserInfo> {
    const json = await this.#connection.ask(signal, (engine, cancellation) => engine.userinfo(cancellation));
    const {
      preferred_username: preferredUsername,
      email_verified: emailVerified,
      ...rest
    } = JSON.parse(json);
    return { ...rest, preferredUsername, emailVerified };
  }

  /**
   * The address that ends the sign-in in the browser; the tokens here stay valid. Where there is an ID token the address
   * carries it: show it to nobody but the browser.
   *
   * Throws a `ConfigError` when `postLogoutRedirectUri` is no address, and what a token store throws.
   */
  endSessionUrl({ signal, postLogoutRedirectUri }: EndSessionOptions = {}): Promise<string> {
    return this.#connection.ask(signal, (engine, cancellation) =>
      engine.endSessionUrl(cancellation, postLogoutRedirectUri),
    );
  }

  /**
   * Revokes the refresh token, where the identity server says that it does so, and forgets the tokens, here and in the
   * token store. Calls fail with an `AuthError` afterwards. Resolves to whether a token was revoked.
   *
   * Fails when revoking fails, though the tokens are forgotten then too, and when the store cannot be written. After it
   * was given up, or failed, it can be called again.
   */
  signOut({ signal }: AuthOptions = {}): Promise<boolean> {
    return this.#connection.ask(signal, (engine, cancellation) => engine.signOut(cancellation));
  }

  /**
   * What the identity server says of itself: its addresses and what it supports, under the names of OpenID Connect
   * Discovery. Throws a `NotFoundError` where there is no such document.
   */
  async discovery({ signal }: AuthOptions = {}): Promise<Record<string, unknown>> {
    return JSON.parse(
      await this.#connection.ask(signal, (engine, cancellation) => engine.discovery(cancellation)),
    );
  }
}
