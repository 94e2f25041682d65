// Compares the styles of a season, in one folder, with a list of numbers.
//
//     node season.mjs Outerwear Fall ST-000001 ST-000002
//
// Settings come from the BEPRODUCT_* variables, or from the profile that `beproduct login` has kept.

import { realpathSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import { BeProduct, Plan } from 'beproduct-client';

/**
 * Numbers of the styles of a season. The service sends two hundred styles a request.
 *
 * @param {BeProduct} client
 * @param {string} folderId
 * @param {string} season
 */
export async function numbersOf(client, folderId, season) {
  const numbers = new Set();
  const filters = { season };
  for await (const { headerNumber } of client.style.list({ folderId, filters }, { label: 'season' })) {
    numbers.add(headerNumber);
  }
  return numbers;
}

/**
 * What to do about each of these numbers. One request looks two hundred of them up.
 *
 * @param {BeProduct} client
 * @param {string} folderName
 * @param {string} season
 * @param {string[]} numbers
 */
export async function compare(client, folderName, season, numbers) {
  const folder = (await client.style.folders()).find(({ name }) => name === folderName);
  if (!folder) throw new Error(`there is no folder ${folderName}`);
  const there = await numbersOf(client, folder.id, season);
  const others = numbers.filter((number) => !there.has(number));
  const { found, missing, ambiguous } = await client.style.getManyByNumber(others);
  return [
    ...found.map(({ headerNumber }) => `${headerNumber} is of another season or folder`),
    ...missing.map((number) => `${number} has to be made`),
    ...ambiguous.map(({ number, records }) => `${number} is carried by ${records.length} styles`),
  ];
}

if (argv[1] && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) {
  const [folder = '', season = '', ...numbers] = argv.slice(2);
  const client = BeProduct.fromEnvironment({ plan: Plan.businessMax({ licenses: 8 }) });
  console.log((await compare(client, folder, season, numbers)).join('\n'));
  console.error(`${(await client.quota.status()).remaining} requests left today`);
}
