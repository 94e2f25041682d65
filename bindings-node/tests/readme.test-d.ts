// The README's example, which has to compile as it stands there. `tests/readme` compares the two.

import { BeProduct, Plan } from 'beproduct-client';

declare const clientId: string, clientSecret: string, refreshToken: string, folderId: string;
declare const numbers: string[], signal: AbortSignal;

// prettier-ignore
const client = new BeProduct({ companyDomain: 'acme', clientId, clientSecret, refreshToken, plan: Plan.businessMax({ licenses: 8 }) });
// prettier-ignore
for await (const style of client.style.list({ folderId, filters: { season: 'Fall' } }, { signal })) {
  console.log(style.headerNumber);
}
const found = await client.style.getManyByNumber(numbers);
console.log(found.found.length, 'found,', found.missing, 'missing');
console.log((await client.quota.status()).remaining, 'requests left today');
