import { inspect } from 'node:util';

import { abortable } from './abort.js';
import { Connection } from './connection.js';
import { encode } from './encode.js';
import { configError } from './errors.js';
import { toEngine } from './names.js';
import native from './native.cjs';
import { type ClientSettings, encodeSettings, type SignInSettings } from './settings.js';
import { decodeTokens, type Tokens } from './tokens.js';

interface LoginMembers
  extends SignInSettings, Pick<ClientSettings, 'companyDomain' | 'apiUrl' | 'automationUrl'> {
  /**
   * Address that is registered for the application. Where it is `http` on this machine, the sign-in listens there while
   * it lasts. With `freePort` it defaults to `http://127.0.0.1/callback`.
   */
  redirectUri?: string | undefined;
  /** Listens at any free port of this machine, which the registration has to allow. Default false. */
  freePort?: boolean | undefined;
  /** Whether the browser is opened. Default true. */
  openBrowser?: boolean | undefined;
  /** Takes the address where the person signs in, which is a secret of this sign-in. When it fails, the sign-in ends. */
  onUrl?: ((url: string) => void | PromiseLike<void>) | undefined;
  /** Longest time for the person to come back, in seconds. Default 300. */
  timeout?: number | undefined;
  /**
   * Profile of the credentials file that the sign-in is kept in, and that has the settings that are not given when it was
   * used before. A new one needs `companyDomain`. Default: the sign-in is not kept.
   */
  profile?: string | undefined;
  /** Where the tokens of the profile are kept. Default: in a file beside the credentials file. */
  tokenStore?: { file: string } | { keyring: string } | undefined;
}

/** Settings of a sign-in with a browser. */
export type LoginSettings = LoginMembers & ({ clientId: string } | { profile: string });

const NAMES = { freePort: 'free_port', openBrowser: 'open_browser' };

/**
 * Signs a person in: opens the browser, waits until they have come back, and checks who they are.
 *
 * Throws a `ConfigError` when a setting is wrong, the port is taken or there is no browser, an `AuthError` when consent
 * was denied or the answer is not accepted (`code` says why), and a `TimeoutError` when nobody comes. The signal cancels
 * it with a `CancelledError`. However it ends, nothing listens any more.
 */
export async function login(
  settings: LoginSettings,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Tokens> {
  const { profile, freePort, openBrowser, timeout, onUrl, ...rest } = settings ?? {};
  if (onUrl !== undefined && typeof onUrl !== 'function') {
    throw configError(`settings.onUrl has to be a function, not ${inspect(onUrl)}`);
  }
  const options = encode(
    toEngine({ profile, freePort, openBrowser, timeout }, NAMES, 'settings'),
    'settings',
  );
  const settingsText = encodeSettings(rest);
  const connection = new Connection(() => native.Engine.login(settingsText, options));
  const ended = new AbortController();
  return abortable(
    signal,
    () => ended.abort(signal?.reason),
    async () => {
      let completed: Promise<object> | undefined;
      try {
        const { url } = await connection.ask<{ url: string }>('login.begin', {}, ended.signal);
        const shown = Promise.resolve(onUrl?.(url));
        completed = connection.ask<object>('login.complete', {}, ended.signal);
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
