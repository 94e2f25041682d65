import { type Decimals, decoderOf } from './decode.js';
import { encodeData } from './encode.js';
import { toError } from './failure.js';
import native from './native.cjs';
import type { Field } from './records/shared.js';

type Values = readonly Field[] | Readonly<Record<string, unknown>> | null | undefined;

/** A record with fields: a style or another record of a folder, a colorway, a row of a table. */
export type WithFields = { headerData?: { fields?: Values } | null } | { fields?: Values };

/**
 * The values of a record's fields by field id, in the order of the record.
 *
 *     valuesOf(style).get('season')
 *
 * Values are read by the types of their fields, in whatever form the service wrote them: dates are ISO 8601 in UTC, yes and no
 * are booleans, numbers are numbers, choices and tags are arrays, colours are hex in lower case. A colorway has its standard
 * fields by the ids of a write, such as `color_number`, and then its own. Values that the service computes are among them, such
 * as `created_by`: leave those out of a write.
 *
 * @param options.decimals As the setting: `exact` gives decimals as text with their digits. Default: `number`.
 * @throws {ConfigError} when the record has no fields.
 */
export function valuesOf(record: WithFields, options: { decimals?: Decimals } = {}): Map<string, unknown> {
  const decode = decoderOf(options.decimals, 'options.decimals');
  const json = encodeData(record, 'record');
  try {
    return new Map(decode(native.valuesOf(json)) as [string, unknown][]);
  } catch (error) {
    throw toError(error);
  }
}
