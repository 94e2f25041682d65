// Opens a client for whoever has signed in on this machine, and signs them in with their browser where nobody has.
//
//     node sign_in.mjs acme my-app
//
// The address http://127.0.0.1:8400/callback has to be registered for the application. Where it has a secret, that comes
// from BEPRODUCT_CLIENT_SECRET.

import { realpathSync } from 'node:fs';
import { argv, env } from 'node:process';
import { fileURLToPath } from 'node:url';

import { AuthError, BeProduct, ConfigError, login } from 'beproduct-client';

/**
 * @param {string} profile keeps the sign-in
 * @param {import('beproduct-client').LoginSettings} settings of the sign-in, if one is necessary
 * @param {import('beproduct-client').LoginOptions} [options] of that sign-in
 */
export async function signedIn(profile, settings, options) {
  try {
    const client = new BeProduct({ profile });
    await client.auth.userinfo();
    return client;
  } catch (error) {
    // There is no such profile, or its sign-in has ended.
    if (!(error instanceof ConfigError || error instanceof AuthError)) throw error;
  }
  await login({ ...settings, profile }, options);
  return new BeProduct({ profile });
}

if (argv[1] && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) {
  const [companyDomain = '', clientId = ''] = argv.slice(2);
  const settings = {
    companyDomain,
    clientId,
    clientSecret: env.BEPRODUCT_CLIENT_SECRET,
    redirectUri: 'http://127.0.0.1:8400/callback',
  };
  const client = await signedIn(companyDomain, settings, {
    onUrl: (url) => console.log(`Your browser opens. If it does not, sign in at ${url}`),
  });
  const { name } = await client.auth.userinfo();
  console.log(`${name} sees ${(await client.style.folders()).length} folders of styles`);
}
