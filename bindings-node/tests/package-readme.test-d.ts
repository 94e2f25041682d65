// The example of the package's README that is TypeScript. `examples.test.mjs` compares the two.

import { BeProduct, Plan } from 'beproduct-client';

declare const accessToken: string;

const client = new BeProduct({
  companyDomain: 'acme',
  accessToken,
  plan: Plan.enterprise({ licenses: 8, requestsPerMinute: 60, dayStart: '06:00', timeZone: 'Europe/Berlin' }),
  ledger: { redis: { url: 'rediss://cache.example.com/0', whenAway: { share: 50 } } },
  onQuotaEvent: ({ used, limit }) => console.log(used, 'of', limit, 'requests are used'),
  // Seconds that the call may wait at most.
  onQuotaLimit: ({ label, resetsIn }) => (label === 'nightly' ? resetsIn : undefined),
  onLog: ({ message, attributes }) => console.log(message, attributes['http.response.status_code']),
});
const { requests, enough } = await client.quota.estimate([{ operation: 'style.list', count: 5000 }]);
console.log(requests, 'requests;', enough ? 'enough' : 'not enough', 'are left');
console.log((await client.quota.status()).runsOutAt, (await client.quota.report({ days: 7 })).byLabel);
await client.quota.changePlan(Plan.fromService()); // the limits that the service states
