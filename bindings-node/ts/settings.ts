import type { Decimals } from './decode.js';
import { encode } from './encode.js';
import type { QuotaCallbacks } from './listener.js';
import { fromEngine, isRecord, toEngine } from './names.js';
import { type Plan, planToEngine } from './plan.js';
import type { TokenStore } from './tokens.js';

/** What a sign-in needs. */
export interface SignInSettings {
  /** Id of the application, from the vendor. */
  clientId?: string | undefined;
  /** Secret of the application. Applications on people's devices have none. */
  clientSecret?: string | undefined;
  /** Address that is registered for the application. */
  redirectUri?: string | undefined;
  /** Scopes to ask for, separated by blanks. */
  scope?: string | undefined;
  /** What a sign-in of a person brings back: `code` (the default), or `id_token token` for old registrations. */
  responseType?: 'code' | 'id_token token' | undefined;
  /** Whether a sign-in proves with PKCE that it began here. Default true; false for servers that refuse it. */
  pkce?: boolean | undefined;
  /** Base address of the identity server. */
  identityUrl?: string | undefined;
  /** Address of the token endpoint, where it is not `connect/token` below `identityUrl`. */
  tokenEndpoint?: string | undefined;
  /** Longest time without a byte in either direction, in seconds. Default 30. */
  idleTimeout?: number | undefined;
  /** Connect timeout, TLS included, in seconds. Default 10. */
  connectTimeout?: number | undefined;
  /** PEM text of certificate authorities to trust besides those of the machine. */
  caCertificates?: string | undefined;
}

/** Settings of a client, of which none is required: other places may have them. Times are in seconds. */
export interface ClientSettings
  extends Omit<SignInSettings, 'redirectUri' | 'responseType' | 'pkce'>, QuotaCallbacks {
  /** What follows the host name in the browser when signed in: `acme`. */
  companyDomain?: string | undefined;
  /** Profile of the credentials file (`beproduct login`) that has the settings that are not given. */
  profile?: string | undefined;
  /** Renews access tokens. Needs `clientId`. Not needed where `tokenStore` holds the tokens of a sign-in. */
  refreshToken?: string | undefined;
  /** A ready access token. */
  accessToken?: string | undefined;
  /** The application signs in as itself, with id and secret. Nobody has seen the service allow it yet. Default false. */
  clientCredentials?: boolean | undefined;
  /**
   * Sends the access token of GETs to the API in the query and not in a header. Default false: addresses end up in the
   * logs of proxies.
   */
  accessTokenInQuery?: boolean | undefined;
  /**
   * What the company has bought: a limit of the day, and of the hour and the minute where it has them. Without it,
   * requests are counted and none is refused.
   */
  plan?: Plan | undefined;
  /** Host of the API. */
  apiUrl?: string | undefined;
  /** Host of the automation API. */
  automationUrl?: string | undefined;
  /** Folder for the ledger and for cached schemas. Default: the user's state folder. */
  stateDir?: string | undefined;
  /**
   * Where requests are counted: in this client, in a SQLite file that processes of this machine share, or in a Redis
   * server that machines share. Default: a SQLite file in `stateDir`.
   */
  ledger?: 'memory' | { sqlite: string } | { redis: string | RedisLedger } | undefined;
  /** Requests that are taken from the ledger at once and used one by one, so that it is not asked for each. Default 1. */
  quotaLease?: number | undefined;
  /**
   * Where tokens are kept, `keyring` being the name of an entry. Default: memory, until the server replaces the given
   * refresh token; then a file in `stateDir`.
   */
  tokenStore?: 'memory' | { file: string } | { keyring: string } | TokenStore | undefined;
  /**
   * Longest time for one request, from its first turn in the line: its retries, the waits between them and the whole
   * answer. Default 60.
   */
  timeout?: number | undefined;
  /** Longest wait for that turn. Default: none, as long as the line moves. */
  turnTimeout?: number | undefined;
  /** Highest number of attempts of a request, 1 to 100. Default 4. */
  attempts?: number | undefined;
  /**
   * Longest standstill, in which no request can be sent because the service asks for a pause or a limit is used up; a
   * longer one is an error at once. Default 60.
   */
  maxWait?: number | undefined;
  /** Largest answer that is read, unpacked, in bytes. Default 256,000,000. */
  maxAnswerSize?: number | undefined;
  /** Highest `pageSize`, 1 to 10,000. Default 200, the documented limit of the service. */
  maxPageSize?: number | undefined;
  /**
   * Highest number of requests at the same time, 1 to 10,000. The client finds the best number below it. Default 10.
   */
  concurrency?: number | undefined;
  /** Whether filter fields are checked before sending. Default true. */
  checkFilters?: boolean | undefined;
  /** Headers for every request of the API. */
  additionalHeaders?: Record<string, string> | undefined;
  /** Requests of the day that calls of priority `bulk` leave alone. Default 0. */
  quotaFloor?: number | undefined;
  /**
   * Longest wait for the next day or hour when the requests of this one are used up. Default: none, the call fails,
   * unless `onQuotaLimit` lets it wait.
   */
  quotaWait?: number | undefined;
  /**
   * Takes a line for every attempt and for what a person should know, one at a time. It holds no secrets. The first failure,
   * also of a promise, becomes a warning of the process; lines that it takes too slowly are left out, and counted.
   */
  onLog?: ((record: LogRecord) => void | PromiseLike<void>) | undefined;
  /**
   * How numbers arrive: `'number'` (the default), or `'exact'`, which gives those that are not whole, and whole ones
   * beyond 2^53, as the text that the service sent.
   */
  decimals?: Decimals | undefined;
}

/** A Redis server that counts requests, for all machines that share it. */
export interface RedisLedger {
  /** `redis://user:password@host:port/database`, with TLS `rediss://`. */
  url: string;
  /**
   * What happens while it cannot be reached. `refuse` (the default): nothing is sent, calls fail with a `NetworkError`.
   * `share`: this client sets so many requests aside while it can, and goes on with them. They count as used as long.
   */
  whenAway?: 'refuse' | { share: number } | undefined;
}

/** Settings of a client, with the company that it is for. */
export type Settings = ClientSettings & ({ companyDomain: string } | { profile: string });

/** For whom a client acts, and the application that is registered for doing so. */
export interface ActAs {
  /** Id of the user. */
  userId: string;
  /** Id of the application that is registered for impersonation. */
  clientId: string;
  /** Its secret. */
  clientSecret: string;
}

/** One log line. */
export interface LogRecord {
  /** Every attempt is `debug`, every call `info`. */
  level: 'debug' | 'info' | 'warning';
  message: string;
  /** Operation that it is about. */
  operation?: string;
  /** Request that it is about. */
  requestId?: string;
  /** What was measured, by the names of OpenTelemetry's conventions: `http.response.status_code`. Empty for most lines. */
  attributes: Record<string, unknown>;
}

const NAMES = {
  companyDomain: 'company_domain',
  clientId: 'client_id',
  clientSecret: 'client_secret',
  redirectUri: 'redirect_uri',
  responseType: 'response_type',
  refreshToken: 'refresh_token',
  accessToken: 'access_token',
  accessTokenInQuery: 'access_token_in_query',
  clientCredentials: 'client_credentials',
  apiUrl: 'api_url',
  automationUrl: 'automation_url',
  identityUrl: 'identity_url',
  tokenEndpoint: 'token_endpoint',
  stateDir: 'state_dir',
  tokenStore: 'token_store',
  turnTimeout: 'turn_timeout',
  idleTimeout: 'idle_timeout',
  connectTimeout: 'connect_timeout',
  maxWait: 'max_wait',
  maxAnswerSize: 'max_answer_size',
  maxPageSize: 'max_page_size',
  checkFilters: 'check_filters',
  additionalHeaders: 'additional_headers',
  caCertificates: 'ca_certificates',
  quotaFloor: 'quota_floor',
  quotaLease: 'quota_lease',
  quotaWait: 'quota_wait',
};

const REDIS_NAMES = { whenAway: 'when_away' };

/** Settings as the engine reads them. */
export function encodeSettings(settings: object): string {
  const renamed: Record<string, unknown> = { ...toEngine(settings, NAMES, 'settings') };
  const { plan, ledger } = renamed;
  // An invalid value is refused by the engine.
  if (plan !== undefined) renamed.plan = planToEngine(plan);
  if (isRecord(ledger) && 'redis' in ledger && isRecord(ledger.redis)) {
    renamed.ledger = { ...ledger, redis: toEngine(ledger.redis, REDIS_NAMES, 'the members of ledger.redis') };
  }
  return encode({ user_agent: `node/${process.versions.node}`, ...renamed }, 'settings');
}

const ACT_AS_NAMES = { userId: 'user_id', clientId: 'client_id', clientSecret: 'client_secret' };

/** For whom to act, as the engine reads it. */
export function encodeActAs(whom: ActAs): string {
  return encode(toEngine(whom, ACT_AS_NAMES, 'arguments of actingAs'), 'actingAs');
}

/** A log line of the engine. */
export function decodeLine(line: object): LogRecord {
  // What was measured keeps its names.
  return fromEngine(line) as unknown as LogRecord;
}
