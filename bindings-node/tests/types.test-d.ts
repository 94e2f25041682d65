// Compiled, not run: what the compiler has to accept and to refuse.

import {
  type Attempt,
  AuthorizationSession,
  BeProduct,
  BeProductError,
  type ErrorKind,
  type Estimate,
  type LogRecord,
  login,
  type Meta,
  NotFoundError,
  type Page,
  Plan,
  type Position,
  type Progress,
  type QuotaEvent,
  type QuotaReport,
  type QuotaStatus,
  type Response,
  type Share,
  type StyleHeader,
  type StyleLookup,
  type Tokens,
  type TokenStore,
  type UserInfo,
  valuesOf,
} from 'beproduct-client';
import { type Answer, answeringClient, type RecordedClient, recordedClient } from 'beproduct-client/testing';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_proof: Same<A, B>): void => undefined;

const store: TokenStore = {
  load: async () => ({ refreshToken: 'kept' }),
  save: (tokens) => console.log(tokens.expiresAt?.toFixed()),
};
const shared: TokenStore = { ...store, tryLock: async () => true, unlock: () => undefined };
// @ts-expect-error: a lock that does not tell whether it was had
const blind: TokenStore = { ...store, tryLock: () => undefined, unlock: () => undefined };

using client = new BeProduct({
  companyDomain: 'acme',
  clientId: 'id',
  clientSecret: 'secret',
  refreshToken: 'token',
  plan: Plan.businessMax({ licenses: 8 }),
  ledger: { sqlite: '/var/lib/shop/quota.sqlite' },
  quotaLease: 10,
  turnTimeout: 600,
  idleTimeout: 10,
  maxAnswerSize: 1e6,
  onQuotaEvent: async ({ event, threshold }) => console.log(event, threshold?.toFixed()),
  onQuotaLimit: ({ window, resetsIn }) => (window === 'minute' ? resetsIn : undefined),
  tokenStore: store,
  decimals: 'exact',
  onLog: ({ level, message, attributes }) =>
    console.log(level, message, attributes['http.response.status_code']),
});

for await (const style of client.style.list(
  { folderId: 'f', filters: [{ field: 'season', operator: 'Eq', value: ['Fall', 'Spring'] }] },
  {
    signal: AbortSignal.timeout(1000),
    pageSize: 100,
    fromPage: 2,
    allowIncomplete: true,
    turnTimeout: 5,
    waitTimeout: 60,
  },
)) {
  same<typeof style, StyleHeader>(true);
  same<typeof style.headerNumber, string | null>(true);
  same<typeof style.anythingElse, unknown>(true);
}
for await (const page of client.material.list().pages()) page.meta.headers.get('x-request-id');

const style = await client.style.get('x');
same<typeof style.id, string>(true);
const lookup = await client.style.getManyByNumber(['ST-1']);
same<typeof lookup.found, StyleHeader[]>(true);
same<typeof lookup.missing, string[]>(true);
const answer = await client.withResponse.style.get('x', { priority: 'bulk' });
same<typeof answer, Response<StyleHeader>>(true);
const pages = client.withResponse.style.list().pages();
same<typeof pages extends AsyncGenerator<infer P> ? P : never, Page<StyleHeader>>(true);
await client.style.update(style.id, { fields: { due: new Date(), units: 3n, price: null } });
await client.style.create('f', {
  fields: [{ id: 'header_number', value: 'N-1' }],
  sizes: style.sizeRange!,
});
const anything: unknown = await client.raw.post('Style/Sync', {
  body: [1],
  query: { a: [1, 'b'], c: null },
});
const folders = await client.call<{ id: string }[]>('style.folders', {}, { timeout: 3 });
for await (const { id } of client.stream<{ id: string }>('style.list', { show_deleted: true }))
  id.toUpperCase();
folders.at(0)?.id.toUpperCase();
same<ReturnType<typeof client.close>, Promise<void>>(true);
same<Awaited<ReturnType<typeof client.quota.status>>['limit'], number | undefined>(true);

same<
  Parameters<NonNullable<Parameters<typeof BeProduct.fromEnvironment>[0]>['onQuotaLimit'] & {}>,
  [QuotaEvent]
>(true);

same<Awaited<ReturnType<typeof client.quota.report>>, QuotaReport>(true);
same<QuotaReport['byDay'], Share[]>(true);
same<QuotaStatus['store'], 'memory' | 'sqlite' | 'redis'>(true);
same<Attempt['error'], ErrorKind | undefined>(true);
await client.quota.report({ days: 7 });
const estimate: Estimate = await client.quota.estimate([
  { operation: 'style.list', count: 5000, pageSize: 100 },
  { operation: 'style.get' },
]);
same<typeof estimate.enough, boolean>(true);
await client.quota.changePlan(Plan.requestsPerDay(500, { dayStart: '06:30', timeZone: 'America/New_York' }));
await client.quota.changePlan(Plan.fromService({ requestsPerMinute: 60 }));
await client.quota.changePlan(Plan.unlimited({ requestsPerHour: 100 }));
await client.quota.changePlan({ edition: 'enterprise', licenses: 8, requestsPerHour: 100 });
// @ts-expect-error: two limits of the day
await client.quota.changePlan({ fromService: true, requestsPerDay: 5 });
// @ts-expect-error: a limit that does not exist
Plan.requestsPerDay(500, { requestsPerSecond: 1 });
// @ts-expect-error: work without its operation
await client.quota.estimate([{ count: 1 }]);
// @ts-expect-error: a callback that returns no time
new BeProduct({ companyDomain: 'acme', onQuotaLimit: () => 'an hour' });
new BeProduct({ companyDomain: 'acme', ledger: { redis: 'rediss://cache.example.com' } });
new BeProduct({
  companyDomain: 'acme',
  ledger: { redis: { url: 'redis://cache.example.com:6379/0', whenAway: { share: 50 } } },
});
// @ts-expect-error: a reaction that does not exist
new BeProduct({ companyDomain: 'acme', ledger: { redis: { url: 'redis://x', whenAway: 'go on' } } });

// @ts-expect-error: an argument that is missing
await client.style.get();
// @ts-expect-error: an argument that is missing
await client.style.create('f', {});
// @ts-expect-error: an argument that does not exist
await client.style.getByNumber('x', { folder: 'y' });
// @ts-expect-error: arguments of an operation that has none
await client.style.folders({}, { timeout: 3 });
// @ts-expect-error: a misspelt option
await client.style.folders({ timout: 3 });
// @ts-expect-error: an option of lists only
await client.style.get('x', { pageSize: 1 });
// @ts-expect-error: an operator that does not exist
client.style.list({ filters: [{ field: 'a', operator: 'Like', value: 'b' }] });
// @ts-expect-error: a misspelt setting
new BeProduct({ companyDomain: 'acme', timout: 3 });
// @ts-expect-error: a misspelt member of a setting
new BeProduct({ companyDomain: 'acme', plan: { requestsPerDy: 5 } });
const since: Date = new Date();
client.style.list({
  filters: {
    season: 'Fall',
    active: true,
    header_number: ['A', 'B'],
    ModifiedAt: { Gt: since, Lte: '2026-02-01' },
  },
  colorwayFilters: { color_name: { Contains: ['moss', 'sand'] } },
});
// @ts-expect-error: an operator that does not exist
client.style.list({ filters: { a: { Like: 'b' } } });
// @ts-expect-error: a list, which works with Eq and Contains only
client.style.list({ filters: { a: { Gt: [1, 2] } } });
// @ts-expect-error: a value that there may not be
client.style.list({ filters: { season: undefined } });
// @ts-expect-error: null, which no field is compared with
client.style.list({ filters: { season: null } });
// @ts-expect-error: a setting that does not exist
new BeProduct({ companyDomain: 'acme', company: 'acme' });
// @ts-expect-error: a plan without its licences
Plan.enterprise({});

try {
  recordedClient({ companyDomain: 'acme', accessToken: 'x' }, { clock: 'manual' }).advance(30);
} catch (error) {
  if (error instanceof NotFoundError) same<typeof error.status, number | undefined>(true);
  if (error instanceof BeProductError && error.kind === 'quota_exceeded') error.retryAfter?.toFixed();
  // @ts-expect-error: a kind that does not exist
  if (error instanceof BeProductError && error.kind === 'quota') throw error;
}

// What a program's own tests make.
const gone = new NotFoundError({ message: 'gone', status: 404 }, { cause: new Error('below') });
same<typeof gone.kind, 'not_found'>(true);
same<typeof gone.attempts, Attempt[]>(true);
const restored: BeProductError = BeProductError.fromJSON(gone.toJSON());
// @ts-expect-error: an error of no class
new BeProductError({ message: 'gone' });
// @ts-expect-error: an outcome that does not exist
new NotFoundError({ message: 'gone', outcome: 'done' });
const meta: Meta = { status: 200, headers: new Headers(), requestId: 'r', attempts: [], waits: [], cost: 1 };
const response: Response<{ id: string }> = { body: { id: 'x' }, meta, raw: Buffer.of() };
const page: Page<{ id: string }> = { records: [response.body], meta, raw: response.raw };
const position: Position = client.style.list().position;
const line: LogRecord = { level: 'info', message: String(position.total), attributes: {} };
// @ts-expect-error: a level that does not exist
const loud: LogRecord = { ...line, level: 'error' };
const share: Share = { name: '2026-11-19', requests: page.records.length };
// @ts-expect-error: a member that it does not have
const shares: Share = { name: '2026-11-19', request: 1 };
const made: StyleLookup = { found: [], missing: ['ST-1'], ambiguous: [] };

const answers: Answer[] = [{ path: 'Style/Folders', body: [{ id: '1' }], times: undefined }];
same<ReturnType<typeof answeringClient>, RecordedClient>(true);
answeringClient(answers, { plan: Plan.requestsPerDay(2), timeout: undefined }, { start: 0 }).advance(1);
// @ts-expect-error: an answer to no path
answeringClient([{ body: [] }]);
// @ts-expect-error: a misspelt member of an answer
answeringClient([{ path: 'Style/Folders', state: 200 }]);
// @ts-expect-error: a misspelt setting
answeringClient([], { timout: 3 });

const season: unknown = valuesOf(style).get('season');
for (const colorway of style.colorways ?? []) valuesOf(colorway).get('color_number');
for await (const row of client.dataTables.data('t')) valuesOf(row, { decimals: 'exact' });
// @ts-expect-error: no record with fields
valuesOf('season');

new BeProduct({ profile: 'acme', tokenStore: { keyring: 'acme' } });
BeProduct.fromEnvironment({ plan: Plan.enterprise({ licenses: 8 }) });
new BeProduct({ companyDomain: 'acme', clientId: 'id', clientSecret: 'secret', clientCredentials: true });
// @ts-expect-error: neither a company nor a profile that has one
new BeProduct({ clientId: 'id', refreshToken: 'token' });
// @ts-expect-error: what only a sign-in of a person has
new BeProduct({ companyDomain: 'acme', responseType: 'code' });

const user = await client.auth.userinfo({ signal: AbortSignal.timeout(1000) });
same<typeof user, UserInfo>(true);
same<typeof user.emailVerified, boolean | undefined>(true);
same<typeof user.office_city, unknown>(true);
const address: string = await client.auth.endSessionUrl({ postLogoutRedirectUri: 'https://example.com' });
const revoked: boolean = await client.auth.signOut();
const { issuer }: Record<string, unknown> = await client.auth.discovery();
const changed: Promise<void> = client.quota.changePlan(Plan.unlimited());
const colleague: BeProduct = client.actingAs({ userId: 'u', clientId: 'id', clientSecret: 'secret' });
// @ts-expect-error: an application without its secret
client.actingAs({ userId: 'u', clientId: 'id' });

class Shop extends BeProduct {
  readonly region = 'EMEA';
}
const shop: Shop = Shop.fromEnvironment({ timeout: 5 });
same<typeof shop.region, 'EMEA'>(true);
const other: Shop = shop.actingAs({ userId: 'u', clientId: 'id', clientSecret: 'secret' });
class Named extends BeProduct {
  constructor(
    settings: ConstructorParameters<typeof BeProduct>[0],
    readonly name: string,
  ) {
    super(settings);
  }
}
// @ts-expect-error: a constructor that takes more than settings
Named.fromEnvironment();

// Options for all calls, and progress.
const nightly: Shop = shop.withOptions({ label: 'nightly', timeout: 10, pageSize: 100, signal: undefined });
same<typeof nightly.region, 'EMEA'>(true);
shop.withOptions({
  progress: async ({ operation, done, total }) => console.log(operation, done, total?.toFixed()),
});
await client.style.getManyByNumber(
  ['ST-1'],
  {},
  { progress: (progress: Progress) => console.log(progress.done) },
);
// @ts-expect-error: a misspelt option
shop.withOptions({ lable: 'nightly' });
// @ts-expect-error: an argument, which is no option
shop.withOptions({ folderId: 'f' });
// @ts-expect-error: progress that is no code
client.style.list({}, { progress: true });
// @ts-expect-error: a member that progress does not have
client.style.list({}, { progress: ({ percent }) => console.log(percent) });

// What may be undefined, as programs have it.
const perhaps: { signal?: AbortSignal; text?: string; number?: number; fields?: Record<string, unknown> } =
  {};
await client.style.get('x', { signal: perhaps.signal, timeout: perhaps.number, label: perhaps.text });
await client.style.folders({ signal: perhaps.signal, headers: undefined });
client.style.list({ folderId: perhaps.text }, { signal: perhaps.signal, pageSize: perhaps.number });
await client.style.update('x', { fields: perhaps.fields });
await client.auth.endSessionUrl({ postLogoutRedirectUri: perhaps.text }, { signal: perhaps.signal });
await client.quota.report({ days: perhaps.number });
await client.quota.estimate([{ operation: 'style.list', count: perhaps.number, pageSize: perhaps.number }]);
await login({ clientId: 'id', scope: perhaps.text }, { signal: perhaps.signal, timeout: perhaps.number });
new BeProduct({
  companyDomain: 'acme',
  clientSecret: perhaps.text,
  timeout: perhaps.number,
  plan: Plan.requestsPerDay(5, { dayStart: perhaps.text, requestsPerHour: perhaps.number }),
  ledger: { redis: { url: 'redis://x', whenAway: undefined } },
  onLog: undefined,
  onQuotaEvent: undefined,
});
await client.dataTables.update('t', {
  rows: [{ rowId: perhaps.text, rowFields: [{ id: 'a', value: 1 }] }],
});
await client.style.update('x', { sizes: [{ name: 'M', price: perhaps.number }] });
// @ts-expect-error: a member that a row does not have
await client.dataTables.update('t', { rows: [{ rowid: 'r', rowFields: [] }] });
// @ts-expect-error: a member that a colorway does not have
await client.style.update('x', { colorways: [{ ID: 'c' }] });
// @ts-expect-error: a member that work does not have
await client.quota.estimate([{ operation: 'style.list', counts: 5 }]);
// @ts-expect-error: an option that does not exist
await client.auth.userinfo({ singal: AbortSignal.timeout(1) });
// @ts-expect-error: a misspelt setting
await login({ clientId: 'id', profil: 'acme' });
// @ts-expect-error: a misspelt option
await login({ clientId: 'id' }, { timout: 3 });
// @ts-expect-error: a store that keeps nothing
await login({ clientId: 'id', tokenStore: 'memory' });
new BeProduct({
  companyDomain: 'acme',
  onLog: async ({ message }) => console.log(message),
});

const tokens = await login(
  { clientId: 'id' },
  {
    freePort: true,
    timeout: 60,
    onUrl: (url) => console.log(url.length),
    signal: AbortSignal.timeout(60_000),
  },
);
same<typeof tokens, Tokens>(true);
same<typeof tokens.scope, string | undefined>(true);
await login({ profile: 'acme', companyDomain: 'acme', responseType: 'id_token token', pkce: false });
// @ts-expect-error: neither an application nor a profile that has one
await login({ companyDomain: 'acme' }, { freePort: true });

const session = new AuthorizationSession({
  clientId: 'id',
  redirectUri: 'https://example.com/back',
  pkce: false,
});
const { refreshToken } = await session.finish(session.url);
same<typeof refreshToken, string | undefined>(true);
