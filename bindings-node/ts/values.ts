import type { Field } from './records/shared.js';

type Values = readonly Field[] | Readonly<Record<string, unknown>> | null | undefined;

/** A record with fields: a style or another record of a folder, a colorway, a row of a table. */
export type WithFields = { headerData?: { fields?: Values } | null } | { fields?: Values };

/**
 * The values of a record's fields by field id, in the order of the record.
 *
 *     valuesOf(style).get('season')
 */
export function valuesOf(record: WithFields): Map<string, unknown> {
  const fields = 'headerData' in record ? record.headerData?.fields : (record as { fields?: Values }).fields;
  if (Array.isArray(fields)) return new Map(fields.map(({ id, value }) => [id, value]));
  return new Map(Object.entries(fields ?? {}));
}
