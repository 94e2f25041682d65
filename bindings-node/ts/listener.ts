import { fromEngine } from './names.js';

/** Something about the quota. */
export interface QuotaEvent {
  /**
   * What happened. `threshold`: 80 or 95 percent of the day's limit were reached, once a day for all who share a ledger.
   * `others`: the service told of requests that others sent, outside of the ledger; they are counted now. `limit`: a
   * limit was reached, and a call wants to be sent.
   */
  event: 'threshold' | 'others' | 'limit';
  /** Which limit it is about. */
  window: 'day' | 'hour' | 'minute';
  /** Requests of the window, if there is a limit. */
  limit?: number;
  /** Requests counted in the window. */
  used: number;
  /** Requests left in the window, if there is a limit. */
  remaining?: number;
  /** End of the window, ISO 8601. */
  resetsAt: string;
  /** Seconds until then. */
  resetsIn: number;
  /** The share that was reached, in percent; of `threshold`. */
  threshold?: number;
  /** Requests that others sent; of `others`. */
  requests?: number;
  /** Id of the operation that wants to be sent; of `limit`. */
  operation?: string;
  /** Its label; of `limit`. */
  label?: string;
}

/** Callbacks of the quota. */
export interface QuotaCallbacks {
  /**
   * Takes an event: 80 and 95 percent of the daily quota are reached, which is reported once a day among all who share a
   * ledger, or the service told of requests that others sent outside of it. The first failure, also of a promise,
   * becomes a warning of the process.
   */
  onQuotaEvent?: ((event: QuotaEvent) => void | PromiseLike<void>) | undefined;
  /**
   * Asked for each call that has no request left and may not wait long enough by `quotaWait`: how many seconds it may
   * wait at most. The call waits when the limit is reset by then. With undefined, or where that is too short, it fails
   * with a `QuotaExceededError` (`RateLimitedError` for an hour or a minute); so it does after 30 seconds without an
   * answer, and when this throws, with what it threw as the `cause`.
   */
  onQuotaLimit?:
    ((event: QuotaEvent) => number | null | undefined | PromiseLike<number | null | undefined>) | undefined;
}

export function decodeEvent(event: string): QuotaEvent {
  return fromEngine(JSON.parse(event)) as unknown as QuotaEvent;
}
