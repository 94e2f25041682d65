// The native library of this machine. CommonJS in both builds, as only `require` loads an addon.

interface Native {
  Engine: new (
    settings: string,
    tokenStore?: NativeTokenStore,
    quotaListener?: NativeQuotaListener,
    log?: (record: NativeLogRecord) => void,
  ) => NativeEngine;
  AuthorizationSession: new (settings: string) => NativeSession;
  Login: { begin(settings: string, options: string, cancellation: NativeCancellation): Promise<NativeLogin> };
  Cancellation: new () => NativeCancellation;
  runCommand(args: string[]): number;
}

interface NativeEngine {
  issueCall(): number;
  cancel(call: number): void;
  call(call: number, operation: string, args: string, options: string): Promise<NativeReply>;
  pages(call: number, operation: string, args: string, options: string): NativePager;
  quotaStatus(): Promise<string>;
  quotaReport(days: number): Promise<string>;
  quotaEstimate(work: string): Promise<string>;
  changePlan(plan: string): void;
  actingAs(whom: string): NativeEngine;
  userinfo(cancellation: NativeCancellation): Promise<string>;
  endSessionUrl(cancellation: NativeCancellation, postLogoutRedirectUri?: string): Promise<string>;
  signOut(cancellation: NativeCancellation): Promise<boolean>;
  discovery(cancellation: NativeCancellation): Promise<string>;
  close(): Promise<void>;
  advanceClock(seconds: number): void;
}

interface NativePager {
  nextPage(whole: boolean): Promise<NativeReply | null>;
  again(): void;
  position(): string;
  total(): Promise<number | null>;
  consumed(count: number): void;
}

interface NativeReply {
  body: string;
  raw: Buffer;
  meta: string;
  total?: number;
}

interface NativeTokenStore {
  load(): Promise<string | null>;
  save(tokens: string): Promise<void>;
  tryLock?(): Promise<boolean>;
  unlock?(): void;
}

interface NativeQuotaListener {
  notice?(event: string): void;
  atLimit?(event: string): Promise<number | null>;
}

interface NativeLogRecord {
  level: 'debug' | 'info' | 'warning';
  message: string;
  operation?: string;
  requestId?: string;
  attributes: string;
}

interface NativeSession {
  readonly url: string;
  finish(redirected: string): Promise<string>;
}

interface NativeLogin {
  readonly url: string;
  complete(): Promise<string>;
  close(): void;
}

interface NativeCancellation {
  cancel(): void;
}

function load(): Native {
  const target = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;
  // Beside the package when it was built from source, in a package of its own when it was installed.
  for (const place of [`../../beproduct-client.${target}.node`, `beproduct-client-${target}`]) {
    try {
      return require(place) as Native;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(
    `beproduct-client has no native library for ${target}. Either there is none for this platform, ` +
      `or the package manager left the optional dependency beproduct-client-${target} out: install it again.`,
  );
}

const native = load();

namespace native {
  export type Engine = NativeEngine;
  export type Pager = NativePager;
  export type Reply = NativeReply;
  export type TokenStore = NativeTokenStore;
  export type QuotaListener = NativeQuotaListener;
  export type LogRecord = NativeLogRecord;
  export type Cancellation = NativeCancellation;
}

export = native;
