// Signs a person in with their browser, and keeps the tokens in a file for the programs that follow.
//
//     node sign_in.mjs tokens.json
//
// Settings come from BEPRODUCT_COMPANY, BEPRODUCT_CLIENT_ID and, where the application has one, BEPRODUCT_CLIENT_SECRET.
// The address http://127.0.0.1:8400/callback has to be registered for the application.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { argv, env } from 'node:process';
import { fileURLToPath } from 'node:url';

import { AuthorizationSession, BeProduct } from 'beproduct-client';

/**
 * The tokens of whoever signs in at the address that `show` is given.
 *
 * @param {ConstructorParameters<typeof AuthorizationSession>[0]} settings
 * @param {(url: string) => void} show
 */
export async function signIn(settings, show) {
  const session = new AuthorizationSession(settings);
  const server = createServer().listen(Number(new URL(settings.redirectUri).port), '127.0.0.1');
  try {
    await once(server, 'listening');
    show(session.url);
    const [request, response] = await once(server, 'request');
    response.setHeader('connection', 'close').end('You are signed in, and may close this page.');
    return await session.finish(new URL(request.url, settings.redirectUri).href);
  } finally {
    server.close();
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const application = { clientId: env.BEPRODUCT_CLIENT_ID ?? '', clientSecret: env.BEPRODUCT_CLIENT_SECRET };
  const { refreshToken } = await signIn(
    { ...application, redirectUri: 'http://127.0.0.1:8400/callback' },
    (url) => console.log(`Sign in at ${url}`),
  );
  const client = new BeProduct({
    companyDomain: env.BEPRODUCT_COMPANY ?? '',
    ...application,
    refreshToken,
    // Readable by this user only. Refresh tokens that the service replaces are replaced here too.
    tokenStore: { file: argv[2] ?? 'tokens.json' },
  });
  console.log(`${(await client.style.folders()).length} folders of styles`);
}
