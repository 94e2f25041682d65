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
  /** Cancels it. One that is aborted already sends nothing. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Auth.endSessionUrl}. */
export interface EndSessionOptions extends AuthOptions {
  /** Where the browser ends, an address that is registered for the application. Default: at the identity server. */
  postLogoutRedirectUri?: string | undefined;
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
    const {
      preferred_username: preferredUsername,
      email_verified: emailVerified,
      ...rest
    } = await this.#connection.ask<Record<string, unknown>>('auth.userinfo', {}, signal);
    return { ...rest, preferredUsername, emailVerified } as UserInfo;
  }

  /**
   * The address that ends the sign-in in the browser; the tokens here stay valid. Where there is an ID token the address
   * carries it: show it to nobody but the browser.
   *
   * Throws a `ConfigError` when `postLogoutRedirectUri` is not a URL, and what a token store throws.
   */
  endSessionUrl({ signal, postLogoutRedirectUri }: EndSessionOptions = {}): Promise<string> {
    const args = { post_logout_redirect_uri: postLogoutRedirectUri };
    return this.#connection.ask('auth.end_session_url', args, signal);
  }

  /**
   * Revokes the refresh token, where the identity server says that it does so, and forgets the tokens, here and in the
   * token store. Calls fail with an `AuthError` afterwards. Resolves to whether a token was revoked.
   *
   * Fails when revoking fails, though the tokens are forgotten then too, and when the store cannot be written. After it
   * was cancelled, or failed, it can be called again.
   */
  signOut({ signal }: AuthOptions = {}): Promise<boolean> {
    return this.#connection.ask('auth.sign_out', {}, signal);
  }

  /**
   * What the identity server says of itself: its addresses and what it supports, under the names of OpenID Connect
   * Discovery. Throws a `NotFoundError` where there is no such document.
   */
  discovery({ signal }: AuthOptions = {}): Promise<Record<string, unknown>> {
    return this.#connection.ask('auth.discovery', {}, signal);
  }
}
