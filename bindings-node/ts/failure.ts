import { BeProductError, type ErrorFields } from './errors.js';
import { fromEngine } from './names.js';

/** The error that the engine tells in the message of another. Any other is a defect, and stays as it is. */
export function toError(error: unknown, causeOf?: (fields: ErrorFields) => unknown): unknown {
  if (!(error instanceof Error && error.message.startsWith('{"kind":'))) return error;
  // An Error shows its members by itself, so the line that has the most telling ones in it is not needed.
  const { text: _, ...fields } = fromEngine(JSON.parse(error.message)) as unknown as ErrorFields & {
    text: string;
  };
  const cause = causeOf?.(fields);
  return BeProductError.fromJSON(cause === undefined ? fields : { ...fields, cause });
}
