// Sets the season of a style, and says what became of it when that fails.
//
//     node set_season.mjs ST-000001 Fall
//
// Settings come from the BEPRODUCT_* variables, or from the profile that `beproduct login` has kept.

import { realpathSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import { BeProduct, BeProductError, NotFoundError, QuotaExceededError } from 'beproduct-client';

/**
 * @param {BeProduct} client
 * @param {string} headerNumber
 * @param {string} season
 * @param {AbortSignal} signal cancels it
 */
export async function setSeason(client, headerNumber, season, signal) {
  try {
    const { id } = await client.style.getByNumber(headerNumber, {}, { signal });
    await client.style.update(id, { fields: { season } }, { signal });
    return 'done';
  } catch (error) {
    if (!(error instanceof BeProductError)) throw error;
    if (error instanceof NotFoundError) return 'there is no such style';
    if (error instanceof QuotaExceededError) return `no requests left for ${error.retryAfter} seconds`;
    // The update was sent and no answer came, so it may be done.
    if (error.outcome === 'unknown') return `look whether it is done: ${error.message}`;
    return `not done: ${error.message}`;
  }
}

if (argv[1] && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) {
  const [headerNumber = '', season = ''] = argv.slice(2);
  const client = BeProduct.fromEnvironment();
  console.log(await setSeason(client, headerNumber, season, AbortSignal.timeout(10_000)));
}
