import { BeProductError, type ErrorJSON } from './client/errors.js';
import { fromEngine } from './decode.js';
import type { ErrorKind } from './records/history.js';

/** Finds the cause of an error that the engine does not have: by the number of an exception of the program's code. */
export type CauseOf = (kind: ErrorKind, hostFailure: number | undefined) => unknown;

type EngineError = ErrorJSON & { text?: string; hostFailure?: number };

/** The error that the engine wrote into the message of another. Any other is a defect, and stays as it is. */
export function toError(error: unknown, causeOf?: CauseOf): unknown {
  if (!(error instanceof Error && error.message.startsWith('{"kind":'))) return error;
  return errorOf(error.message, causeOf);
}

/** The same from its text. */
export function errorOf(json: string, causeOf?: CauseOf): BeProductError {
  // Node prints the members of an error after its message, so `text`, which has some of them in it, is not needed.
  const { text: _, hostFailure, ...error } = fromEngine<EngineError>(JSON.parse(json));
  const cause = causeOf?.(error.kind, hostFailure);
  return BeProductError.fromJSON(cause === undefined ? error : { ...error, cause });
}
