import { abortable } from './abort.js';
import type { SignalOptions } from './client/options.js';
import type { LoginSettings } from './client/settings.js';
import { Connection } from './connection.js';
import { encode } from './encode.js';
import { aFunction } from './host.js';
import native from './native.cjs';
import type { Tokens } from './records/auth.js';
import { encodeSettings } from './settings.js';
import { decodeTokens } from './stores.js';

/** Options of {@link login}. */
export interface LoginOptions extends SignalOptions {
  /**
   * Listens at any free port of this machine, which the registration must allow. Path and host are those of `redirectUri`;
   * without one, `http://127.0.0.1/callback`. Default: `false`.
   */
  freePort?: boolean | undefined;
  /** Whether the browser is opened. Default: `true`. */
  openBrowser?: boolean | undefined;
  /** Receives the address where the person signs in, a secret of this sign-in. An exception ends the sign-in. */
  onUrl?: ((url: string) => void | PromiseLike<void>) | undefined;
  /** Time limit for the person's sign-in. In seconds. Default: 300. */
  timeout?: number | undefined;
}

/**
 * Signs a person in: opens the browser, listens at `redirectUri` until the person is redirected there, and verifies who
 * signed in. With `profile` the sign-in is kept there, and repeated with the settings of that profile; a new profile needs
 * `companyDomain`. Nothing listens any more when it ends.
 *
 * @throws {ConfigError} if a setting is invalid, the port is taken or there is no browser.
 * @throws {AuthError} if consent was denied or the answer is not accepted; `code` says why.
 * @throws {CallTimeoutError} if the person does not finish in time.
 * @throws {CallCancelledError} if the signal is aborted.
 */
export async function login(
  settings: LoginSettings & ({ clientId: string } | { profile: string }),
  { signal, onUrl, ...options }: LoginOptions = {},
): Promise<Tokens> {
  aFunction('options.onUrl', onUrl);
  const { profile, ...rest } = settings ?? {};
  const settingsText = encodeSettings(rest);
  const optionsText = encode({ ...options, profile }, 'options');
  const connection = new Connection(() => native.Engine.login(settingsText, optionsText));
  const ended = new AbortController();
  return abortable(
    signal,
    () => ended.abort(signal?.reason),
    async () => {
      let completed: Promise<unknown> | undefined;
      try {
        const { url } = await connection.ask<{ url: string }>('login.begin', { signal: ended.signal });
        const shown = Promise.resolve(onUrl?.(url));
        completed = connection.ask('login.complete', { signal: ended.signal });
        const tokens = completed;
        // What shows the address may take as long as the person does, and ends the sign-in when it fails.
        return decodeTokens(await Promise.race([tokens, shown.then(() => tokens)]));
      } finally {
        ended.abort();
        void connection.engine.close();
        // Until nothing listens any more.
        await completed?.catch(() => undefined);
      }
    },
  );
}
