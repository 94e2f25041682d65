// Prepares the styles of a season for the partner who makes them.
//
//     node season_kit.ts kit.json pictures handover
//
// `kit.json` says which styles, and what they are made of (see `Kit`). `pictures` has their front pictures as NUMBER.png.
// `handover` is the folder that the partner gets: the pictures as the service keeps them, and the colours as a swatch
// file. What is there stays as it is, so the job may be run again. Each run has a tag of its own, and links the styles
// that it makes to the block.
//
// Settings come from the BEPRODUCT_* variables, or from the profile that `beproduct login` has kept. Node runs
// TypeScript since 22.18; an older one runs what `tsc` makes of this file.

import { realpathSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process, { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import {
  BeProduct,
  BeProductError,
  type ColorHeader,
  type ColorwayChange,
  ConfigError,
  NotFoundError,
  type Progress,
  QuotaExceededError,
  type StyleHeader,
  ValidationError,
  valuesOf,
} from 'beproduct-client';

const LABEL = 'season kit';

/** What is to be made, and of what. */
export interface Kit {
  season: string;
  folder: string; // name of the styles' folder
  styles: Record<string, string>; // names by number
  fabric: string; // number of the material
  palette: string; // number
  artwork: string; // number of the image
  block: string; // number
  prices: string; // name of the data table that has the price of the trims
  trims: string; // their code in it
  partner: string; // id in the directory
  reviewer: string; // e-mail address of the user who checks the kit
  plan: string; // id
  sequence: string; // id of the sequence that numbers the kits
}

type Fields = Record<string, unknown>;

/** Does the job, and says line by line what is worth knowing. */
export async function* prepare(
  client: BeProduct,
  kit: Kit,
  pictures: string,
  handover: string,
): AsyncGenerator<string> {
  const job = client.withOptions({ label: LABEL, priority: 'bulk' });
  const numbers = Object.keys(kit.styles);
  await checkLimits(job, numbers.length);
  const folder = (await job.style.folders()).find(({ name }) => name === kit.folder);
  if (!folder) throw new RangeError(`there is no folder ${kit.folder}`);
  // Once the client has read the schema, it refuses what the service would blank, such as an unknown season.
  await job.style.folderSchema(folder.id);
  const { active } = await job.masterData.folderFieldGet({ folderId: folder.id, fieldId: 'vendor' });
  if (active === false) throw new RangeError(`${kit.folder} does not use the field vendor`);
  const [partner, reviewer, fabric, palette, cost] = await Promise.all([
    job.directory.get(kit.partner),
    job.user.getByEmail(kit.reviewer),
    job.material.getByNumber(kit.fabric),
    job.color.getByNumber(kit.palette),
    price(job, kit),
  ]);
  const content = valuesOf(fabric).get('content');
  const fields: Fields = { season: kit.season, vendor: kit.partner, content, cost };

  const lookup = await job.style.getManyByNumber(numbers, { folderId: folder.id });
  for (const { number, records } of lookup.ambiguous) {
    yield `${number} is carried by ${records.length} styles, and left alone`;
  }
  const styles = await Promise.all(lookup.found.map((style) => withSeason(job, style, fields)));
  if (lookup.missing.length > 0) {
    const colorways = colorwaysOf(palette, (await job.image.getByNumber(kit.artwork)).id);
    const block = await job.block.getByNumber(kit.block);
    for (const number of lookup.missing) {
      const named = { header_number: number, header_name: kit.styles[number], ...fields };
      const style = await create(job, folder.id, number, named, colorways);
      await job.style.blockLink({ headerId: style.id, blockHeaderId: block.id }); // for its sizes
      styles.push(style);
      yield `${number} is new`;
    }
  }

  const { generatedNumber } = await job.automation.autonumberGenerate(kit.sequence);
  const name = `${kit.season} ${generatedNumber}`;
  await job.style.tagCreate(name);
  for (const style of styles) {
    try {
      const file = join(pictures, `${style.headerNumber}.png`);
      if (!frontPicture(style)) await job.style.upload(style.id, { file });
    } catch (error) {
      // There is no such file, or it is no picture.
      if (!(error instanceof ConfigError || error instanceof ValidationError)) throw error;
      yield `${style.headerNumber} has no picture: ${error.message}`;
    }
    await job.style.headerTagAdd({ headerId: style.id, tagNames: [name] });
    await share(job, style.id, kit.partner, name);
  }
  const assignees = [{ value: reviewer.id }];
  const references = { page: 'Style', headers: styles.map(({ id }) => id) };
  await job.inbox.taskCreate(`Check ${name}`, { assignees, references });
  yield* download(job, styles, palette, handover);
  yield* openEnds(job, kit, folder.id);
  const { byLabel } = await job.quota.report({ days: 1 });
  const spent = byLabel.find((row) => row.name === LABEL)?.requests;
  yield `${name} for ${partner.name}: ${styles.length} styles, ${spent} requests`;
}

/** Begins nothing that the service would stop today. */
async function checkLimits(job: BeProduct, count: number): Promise<void> {
  const made = ['create', 'update', 'block_link', 'upload', 'upload_status', 'header_tag_add'];
  const shared = ['shared_with', 'share', 'comment_add', 'get'];
  const work = [...made, ...shared].map((step) => ({ operation: `style.${step}`, count }));
  const { requests } = await job.quota.estimate(work);
  const left = (await job.system.ratelimitStatus()).per_day?.remaining ?? Infinity;
  if (requests > left) {
    throw new RangeError(`${count} styles take ${requests} requests, and ${left} are left today`);
  }
}

/** What the trims cost. */
async function price(job: BeProduct, kit: Kit): Promise<unknown> {
  const table = (await job.dataTables.list().collect()).find(({ name }) => name === kit.prices);
  const rows = table && job.dataTables.data(table.id, { filters: { code: kit.trims } });
  for await (const row of rows ?? []) return valuesOf(row).get('price');
  throw new RangeError(`${kit.prices} has no ${kit.trims}`);
}

/** A colorway for each colour of a palette. The first shows the artwork. */
function colorwaysOf(palette: ColorHeader, imageId: string): ColorwayChange[] {
  return (palette.headerData?.colors?.colors ?? []).map((color, index) => ({
    fields: {
      color_number: color.color_number,
      color_name: color.color_name,
      primary: color.hex,
      secondary: '',
    },
    // Palettes have the one or the other.
    colorSourceId: color._id ?? color.Id ?? undefined,
    imageHeaderId: index === 0 ? imageId : undefined,
  }));
}

async function create(
  job: BeProduct,
  folderId: string,
  number: string,
  fields: Fields,
  colorways: ColorwayChange[],
): Promise<StyleHeader> {
  try {
    return await job.style.create(folderId, { fields, colorways });
  } catch (error) {
    if (!(error instanceof BeProductError) || error.outcome !== 'unknown') throw error;
    // It was sent and no answer came: it is there, or it may be made again.
    return job.style.getByNumber(number, { folderId });
  }
}

/** The style with these values. One that is of the season has had its own since. */
async function withSeason(job: BeProduct, style: StyleHeader, fields: Fields): Promise<StyleHeader> {
  return valuesOf(style).get('season') === fields.season ? style : job.style.update(style.id, { fields });
}

/** Shares a style with the partner, unless it is shared already. */
async function share(job: BeProduct, headerId: string, partner: string, kit: string): Promise<void> {
  const partners = await job.style.sharedWith(headerId);
  if (partners.some((shared) => shared.partner?.id === partner)) return;
  await job.style.share({ headerId, partnerList: [partner] });
  const { name } = await job.auth.userinfo();
  await job.style.commentAdd({ headerId, comment: `${kit}, prepared by ${name}` });
}

/** The link to the picture, if the style has one. */
const frontPicture = (style: StyleHeader) => style.headerData?.frontImage?.origin || undefined;

/** Fills the folder. */
async function* download(
  job: BeProduct,
  styles: StyleHeader[],
  palette: ColorHeader,
  handover: string,
): AsyncGenerator<string> {
  await mkdir(handover, { recursive: true });
  // Read again: what was uploaded shows up here.
  const present = await Promise.all(styles.map(({ id }) => job.style.get(id)));
  const files = present.flatMap((style) => {
    const [link, file] = [frontPicture(style), join(handover, `${style.headerNumber}.png`)];
    return link ? [{ record: style.id, link, file }] : [];
  });
  for (const { file, error } of await job.style.downloadMany({ files }, { progress: show })) {
    if (error) yield `${file} is missing: ${error.message}`;
  }
  const colors = palette.headerData?.colors;
  const swatches = colors?.ASEurl ?? colors?.asEurl;
  if (swatches) await job.raw.download({ link: swatches, file: join(handover, 'palette.ase') });
}

function show({ done, total }: Progress): void {
  console.error(`${done} of ${total} pictures`);
}

/** Milestones that are not reached, styles of the season that the kit does not have, and its line sheets and reports. */
async function* openEnds(job: BeProduct, kit: Kit, folderId: string): AsyncGenerator<string> {
  for await (const { header, timelines } of job.tracking.styleTimelineList(kit.plan)) {
    const milestones = timelines ?? [];
    const ahead = milestones.filter(({ status }) => status !== 'Approved').length;
    const number = header?.headerNumber ?? '';
    if (ahead > 0 && Object.hasOwn(kit.styles, number)) {
      yield `${number} has ${ahead} of ${milestones.length} milestones ahead`;
    }
  }
  let others = 0;
  for await (const style of job.style.list({ folderId, filters: { season: kit.season } })) {
    if (!Object.hasOwn(kit.styles, style.headerNumber ?? '')) others += 1;
  }
  yield `${others} more styles of ${kit.folder} are of ${kit.season}`;
  for (const { name } of await job.linesheets.list({ name: kit.season })) {
    if (name?.includes(kit.season)) yield `the line sheet ${name} may need them`;
  }
  for await (const { name } of job.reports.list()) {
    if (name?.includes(kit.season)) yield `the report ${name} shows them`;
  }
  const edits = Object.keys(kit.styles).map((number) => {
    return { kind: 'update', resource: 'style', record: { number }, fields: { season: kit.season } };
  });
  for (const { action, number } of (await job.changes.preview({ edits })).edits) {
    if (action !== 'unchanged') yield `${number} is not of ${kit.season}`;
  }
}

async function main(): Promise<void> {
  const [file, pictures, handover] = argv.slice(2);
  if (!file || !pictures || !handover) {
    console.error('give kit.json, the folder of pictures and the folder of the partner');
    process.exitCode = 1;
    return;
  }
  const kit: Kit = JSON.parse(await readFile(file, 'utf8'));
  let client: BeProduct | undefined;
  try {
    client = BeProduct.fromEnvironment();
    for await (const line of prepare(client, kit, pictures, handover)) console.log(line);
  } catch (error) {
    if (error instanceof QuotaExceededError) {
      console.error(`run it again in ${error.retryAfter} seconds: ${error.message}`);
    } else if (
      error instanceof ConfigError ||
      error instanceof NotFoundError ||
      error instanceof ValidationError ||
      error instanceof RangeError
    ) {
      console.error(`the kit cannot be prepared: ${error.message}`);
    } else {
      throw error;
    }
    process.exitCode = 1;
  } finally {
    await client?.close();
  }
}

if (argv[1] && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) await main();
