// A certified OpenID provider at the addresses that BeProduct documents, for tests.
//
// Prints one line of JSON when it is ready, and ends when standard input closes. Any user name and any password will do
// on its pages. `/control` takes requests of the tests:
//
//   GET counts    requests by path
//   POST rotate   signs with new keys from now on; those of before stay published
//   POST fail     [path, ...]: these answer with 503, until the next list

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

import Provider from 'oidc-provider';

const MOUNT = '/ids';
const SECRET = randomUUID();
const COOKIES = randomUUID();

// Of a client each, which is named after it.
const ALGORITHMS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS512: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  EdDSA: ['ed25519'],
};

// Apps on a desktop: any port of the loopback address is theirs.
const native = {
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  post_logout_redirect_uris: ['http://127.0.0.1/signed-out'],
};
const open = { ...native, token_endpoint_auth_method: 'none' };
const renewing = { response_types: ['code'], grant_types: ['authorization_code', 'refresh_token'] };

const clients = [
  {
    ...native,
    ...renewing,
    client_id: 'confidential',
    client_secret: SECRET,
    token_endpoint_auth_method: 'client_secret_post',
  },
  { ...open, ...renewing, client_id: 'public' },
  { ...open, client_id: 'implicit', response_types: ['id_token token'], grant_types: ['implicit'] },
  ...Object.keys(ALGORITHMS).map((algorithm) => ({
    ...open,
    ...renewing,
    client_id: algorithm,
    id_token_signed_response_alg: algorithm,
  })),
];

let keys = [];

function newKeys() {
  const made = Object.entries(ALGORITHMS).map(([alg, [kind, options]]) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
    alg,
    use: 'sig',
    kid: randomUUID(),
  }));
  keys = [...made, ...keys];
}

// What was granted is kept by the process, so that a new one with other keys goes on where the last one was.
const newProvider = () =>
  new Provider(issuer, {
    clients,
    jwks: { keys },
    cookies: { keys: [COOKIES] },
    routes: {
      authorization: '/connect/authorize',
      token: '/connect/token',
      userinfo: '/connect/userinfo',
      end_session: '/connect/endsession',
    },
    scopes: ['openid', 'offline_access', 'BeProductPublicApi'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      roles: ['roles'],
    },
    responseTypes: ['code', 'id_token token'],
    enabledJWA: { idTokenSigningAlgValues: Object.keys(ALGORITHMS) },
    pkce: { required: (_, client) => client.clientAuthMethod === 'none' },
    // It forgets offline_access where a request has no prompt=consent, and the service's clients have none.
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: `Name of ${id}`,
        preferred_username: id,
        email: `${id}@example.com`,
        email_verified: true,
        roles: ['designer'],
      }),
    }),
    features: {
      revocation: { enabled: true },
      rpInitiatedLogout: {
        logoutSource: (ctx, form) => {
          ctx.body = `<!doctype html><h1>Sign out</h1>${form}
            <button form="op.logoutForm" name="logout" value="yes">Sign out</button>`;
        },
      },
    },
    renderError: (ctx, error) => {
      ctx.body = error;
    },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      Grant: 86400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 86400,
      Session: 86400,
    },
  });

const counts = {};
let failing = [];

const CONTROL = {
  'GET /control/counts': () => counts,
  'POST /control/rotate': () => {
    newKeys();
    serve = newProvider().callback();
  },
  'POST /control/fail': (paths) => {
    failing = paths;
  },
};

const server = createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  const order = CONTROL[`${request.method} ${path}`];
  if (order) {
    const answer = order(request.method === 'POST' ? await json(request) : undefined);
    response.end(JSON.stringify(answer ?? null));
    return;
  }
  counts[path] = (counts[path] ?? 0) + 1;
  if (failing.includes(path) || !path.startsWith(`${MOUNT}/`)) {
    response.writeHead(failing.includes(path) ? 503 : 404).end();
    return;
  }
  // As Express mounts it.
  request.originalUrl = request.url;
  request.url = request.url.slice(MOUNT.length);
  serve(request, response);
});

await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const issuer = origin + MOUNT;
newKeys();
let serve = newProvider().callback();
console.log(
  JSON.stringify({
    identity: issuer,
    control: `${origin}/control`,
    client_secret: SECRET,
    algorithms: Object.keys(ALGORITHMS),
  }),
);
process.stdin.on('end', () => process.exit()).resume();
