import { renamed } from './names.js';

/** What every plan may have besides. */
export interface PlanOptions {
  /** A limit of each full hour. Default: none. */
  readonly requestsPerHour?: number | undefined;
  /** A limit of each full minute. Default: none. */
  readonly requestsPerMinute?: number | undefined;
  /** Time at which days begin, as `06:30`. Default `00:00`. */
  readonly dayStart?: string | undefined;
  /** Zone of that time, as `America/New_York`. Default UTC. */
  readonly timeZone?: string | undefined;
}

/** What the company has bought: how many requests there are, and when days begin. The client that gets it checks it. */
export type Plan = PlanOptions & (EditionPlan | DailyPlan | ServicePlan | OtherPlan);

type Not<Names extends string> = { readonly [Name in Names]?: undefined };
type EditionPlan = { readonly edition: 'business_max' | 'enterprise'; readonly licenses: number } & Not<
  'requestsPerDay' | 'fromService'
>;
type DailyPlan = { readonly requestsPerDay: number } & Not<'edition' | 'licenses' | 'fromService'>;
type ServicePlan = { readonly fromService: true } & Not<'edition' | 'licenses' | 'requestsPerDay'>;
type OtherPlan = Not<'edition' | 'licenses' | 'requestsPerDay' | 'fromService'>;

/** Makes plans. */
export const Plan = {
  /** Business Max: 2,000 requests a day, or 250 per user licence when that is less. */
  businessMax({ licenses, ...options }: { licenses: number } & PlanOptions): Plan {
    return { edition: 'business_max', licenses, ...options };
  },

  /** Enterprise: 25,000 requests a day, or 500 per user licence when that is less. */
  enterprise({ licenses, ...options }: { licenses: number } & PlanOptions): Plan {
    return { edition: 'enterprise', licenses, ...options };
  },

  /** An explicit limit. */
  requestsPerDay(limit: number, options: PlanOptions = {}): Plan {
    return { ...options, requestsPerDay: limit };
  },

  /**
   * The limits that the service states, for what is not given here. They are asked for once a day by whoever comes first
   * of those who share a ledger; that request counts.
   */
  fromService(options: PlanOptions = {}): Plan {
    return { ...options, fromService: true };
  },

  /** No limit of the day: only those given here. */
  unlimited(options: PlanOptions = {}): Plan {
    return { ...options };
  },
} as const;

const NAMES = {
  requestsPerDay: 'requests_per_day',
  requestsPerHour: 'requests_per_hour',
  requestsPerMinute: 'requests_per_minute',
  fromService: 'from_service',
  dayStart: 'day_start',
  timeZone: 'time_zone',
};

/** A plan as the engine reads it. */
export function planToEngine(plan: unknown): unknown {
  return renamed(plan, NAMES, 'the members of a plan');
}
