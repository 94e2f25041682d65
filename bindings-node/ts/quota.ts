import type { Connection } from './connection.js';
import { fromEngineDeep, renamed } from './names.js';
import { type Plan, planToEngine } from './plan.js';

/** How the quota stands. */
export interface QuotaStatus {
  /** Where requests are counted. */
  store: 'memory' | 'sqlite' | 'redis';
  /** Requests of the day, if there is a limit. */
  limit?: number;
  /** Requests counted today, those included that are leased to a process and may not be used yet. */
  used: number;
  /** Requests left today, if there is a limit. */
  remaining?: number;
  /** Beginning of the next day, ISO 8601. */
  resetsAt: string;
  /** Requests counted today by operation and label, most first. What is leased is not among them before it is settled. */
  usage: Usage[];
  /** Every limit that the plan has. */
  limits: LimitStatus[];
  /** Requests of today that are leased, by all who share the ledger. */
  leased: number;
  /** Requests of today that others sent, outside of the ledger, as far as the service told. */
  others: number;
  /** Requests an hour at present: those of this hour, and of the last one for the part that is still to come. */
  pace: number;
  /** When the requests of the day are used up at this pace, ISO 8601; missing when they last until the reset. */
  runsOutAt?: string;
  /** The service asked to wait until then, ISO 8601. */
  pausedUntil?: string;
}

/** Requests of one operation under one label. */
export interface Usage {
  operation: string;
  label: string;
  requests: number;
}

/** How one limit stands. */
export interface LimitStatus {
  window: 'day' | 'hour' | 'minute';
  /** Requests of the window. */
  limit: number;
  /** Requests counted in it. */
  used: number;
  /** Requests left in it. */
  remaining: number;
  /** End of the window, ISO 8601. */
  resetsAt: string;
}

/** Who used the quota, and for what. */
export interface QuotaReport {
  /** First day of the report, `2026-11-19`. */
  from: string;
  /** Last day, which is today. */
  to: string;
  /** Requests in all. */
  requests: number;
  /** By day, in order; days without requests are not among them. */
  byDay: Share[];
  /** By operation, most first. */
  byOperation: Share[];
  /** By label, most first. */
  byLabel: Share[];
  /** By process, most first. */
  byProcess: Share[];
  /** All of it, by day and then most first. */
  rows: ReportRow[];
}

/** A name and its requests. */
export interface Share {
  /** The day, operation, label or process. */
  name: string;
  requests: number;
}

/** Requests of one kind. */
export interface ReportRow {
  /** Date on which the day began, `2026-11-25`. */
  day: string;
  /** Operation, or empty for requests of others and of processes that ended without telling. */
  operation: string;
  /** The caller's label, or empty; `others` for requests that the service told of. */
  label: string;
  /** `host:process id`, or empty for requests of others and for days that are over for a week. */
  process: string;
  requests: number;
}

/** Options of {@link Quota.report}. */
export interface ReportOptions {
  /** How many days, today included, from 1 to 90. Default 30. */
  days?: number | undefined;
}

/** Some work: calls of one operation. */
export interface Work {
  /** Id or short name of the operation: `style.list`. */
  operation: string;
  /**
   * How many records a list has, numbers are looked up or rows are written; for other operations, how many calls are made
   * (default 1).
   */
  count?: number | undefined;
  /** Records a page, for lists. Default 200. */
  pageSize?: number | undefined;
}

/** The requests that some work takes, without retries and without the schema of a folder whose filters are checked. */
export interface Estimate {
  /** Requests in all. */
  requests: number;
  /** Requests left today, if there is a limit. */
  remaining?: number;
  /** Whether they are enough. True without a limit. */
  enough: boolean;
  /** Each piece of the work. */
  items: EstimateItem[];
}

/** The requests that one piece of work takes. */
export interface EstimateItem {
  /** Id of the operation. */
  operation: string;
  /** Records, numbers, rows or calls. */
  count: number;
  requests: number;
}

const WORK_NAMES = { pageSize: 'page_size' };

/** The requests of the day. */
export class Quota {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** How the quota stands. Sends nothing. */
  status(): Promise<QuotaStatus> {
    return this.#ask('quota.status');
  }

  /**
   * Who used the quota during the last days, and for what. Sends nothing.
   *
   * Throws a `ConfigError` when there are not so many days.
   */
  report(options: ReportOptions = {}): Promise<QuotaReport> {
    return this.#ask('quota.report', options);
  }

  /**
   * Compares the requests that some work takes with those that are left today. Sends nothing.
   *
   * Throws a `ConfigError` when an operation is unknown, a list has no `count`, or something else is missing or wrong.
   */
  async estimate(work: readonly Work[]): Promise<Estimate> {
    // An invalid value is refused by the engine.
    const items = Array.isArray(work)
      ? work.map((item) => renamed(item, WORK_NAMES, 'pieces of work'))
      : work;
    return this.#ask('quota.estimate', { work: items });
  }

  /**
   * Goes on with another plan, also for clients that act for others. What is counted stays counted.
   *
   * Throws a `ConfigError` when the plan is wrong; the former one stays.
   */
  async changePlan(plan: Plan): Promise<void> {
    await this.#ask('quota.change_plan', { plan: planToEngine(plan) });
  }

  async #ask<T>(method: string, args: object = {}): Promise<T> {
    return fromEngineDeep(await this.#connection.ask(method, args)) as T;
  }
}
