import type { Decimals } from './decode.js';
import type { LogRecord } from './records/history.js';
import type { QuotaEvent } from './records/quota.js';

/** Settings of a client that only this package has: callbacks, and how numbers arrive. */
export interface NodeSettings {
  /**
   * Receives events of the quota: 80 % and 95 % of the daily quota, once a day for all clients that share a ledger, and
   * requests of clients outside of the ledger. The first exception becomes a warning of the process.
   */
  onQuotaEvent?: ((event: QuotaEvent) => void | PromiseLike<void>) | undefined;
  /**
   * Called before a call fails at a limit; returns the longest time that the call may wait, in seconds. The call waits if
   * the limit is reset by then. Otherwise, and also after 30 seconds without an answer, it fails with a
   * `QuotaExceededError`, or a `RateLimitedError` for an hour or a minute. What the callback throws is the `cause`.
   */
  onQuotaLimit?:
    ((event: QuotaEvent) => number | null | undefined | PromiseLike<number | null | undefined>) | undefined;
  /**
   * Receives log lines, one at a time and without secrets: every attempt, and what a person should know. The first
   * exception becomes a warning of the process. Lines that come faster than the callback are dropped, and counted.
   */
  onLog?: ((record: LogRecord) => void | PromiseLike<void>) | undefined;
  /**
   * How numbers of the service arrive. `'exact'` returns those that are not whole, and whole ones beyond 2^53, as the text
   * that the service sent. Default: `'number'`.
   */
  decimals?: Decimals | undefined;
}
