/** What the company has bought, which decides the requests of a day. */
export type Plan =
  | { readonly edition: 'business_max' | 'enterprise'; readonly licenses: number }
  | { readonly requests_per_day: number };

/** Makes plans. */
export const Plan = {
  /** Business Max: 2,000 requests a day, or 250 per user licence when that is less. */
  businessMax({ licenses }: { licenses: number }): Plan {
    return { edition: 'business_max', licenses };
  },

  /** Enterprise: 25,000 requests a day, or 500 per user licence when that is less. */
  enterprise({ licenses }: { licenses: number }): Plan {
    return { edition: 'enterprise', licenses };
  },

  /** An explicit limit. */
  requestsPerDay(limit: number): Plan {
    return { requests_per_day: limit };
  },
} as const;
