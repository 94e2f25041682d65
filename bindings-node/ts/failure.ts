import { BeProductError, type ErrorFields } from './errors.js';
import { fromEngine } from './names.js';

/** What an error of the engine has besides. */
export interface EngineFields extends ErrorFields {
  /** Number of the exception of the program's own code that is behind it. */
  hostFailure?: number;
}

/** The error that the engine tells in the message of another. Any other is a defect, and stays as it is. */
export function toError(error: unknown, causeOf?: (fields: EngineFields) => unknown): unknown {
  if (!(error instanceof Error && error.message.startsWith('{"kind":'))) return error;
  return errorOf(error.message, causeOf);
}

/** The same from its text. */
export function errorOf(text: string, causeOf?: (fields: EngineFields) => unknown): BeProductError {
  const fields = fromEngine(JSON.parse(text)) as unknown as EngineFields & { text: string };
  const cause = causeOf?.(fields);
  // An Error shows its members by itself, so the line that has the most telling ones in it is not needed.
  const { text: _, hostFailure: __, ...rest } = fields;
  return BeProductError.fromJSON(cause === undefined ? rest : { ...rest, cause });
}
