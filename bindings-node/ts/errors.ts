import { knownAcrossCopies } from './copies.js';

/** What went wrong, in the terms of a caller who has to react to it. */
export type ErrorKind = keyof typeof CLASSES;

/**
 * What is known of the effect of a failed call: no byte left this machine, the service answered that it did nothing, it
 * did it, or it may have.
 */
export type Outcome = 'not_sent' | 'refused' | 'applied' | 'unknown';

/** One attempt to send a request. */
export interface Attempt {
  /** Status of the answer, if one came. */
  status: number | null;
  /** Kind of the failure, if it failed. */
  error: ErrorKind | null;
  /** From sending to the end of the answer's body, in seconds. */
  seconds: number;
}

/** One pause of a call. */
export interface Wait {
  /** Why: before another attempt, as the service asked, or because a limit was reached. */
  reason: 'backoff' | 'retry_after' | 'rate' | 'quota' | 'processing';
  /** How long, in seconds. */
  seconds: number;
}

/** What an error tells. A member that is missing is not known or does not apply. */
export interface ErrorFields {
  kind: ErrorKind;
  /** One sentence for people, with what to do next where that is known. */
  message: string;
  /** Status of the last answer. */
  status?: number | undefined;
  /** Code of the service or of the identity server, such as `invalid_grant`. */
  code?: string | undefined;
  /** Whether the same call may succeed later and can be repeated without harm. */
  retryable: boolean;
  /** How long the service asks to wait, in seconds. */
  retryAfter?: number | undefined;
  outcome: Outcome;
  /** Id of the request: the service's own when it sent one, else the client's. */
  requestId?: string | undefined;
  /** Id of the operation. */
  operation?: string | undefined;
  /** HTTP verb of the request. */
  method?: string | undefined;
  /** Address of the request, without its query. */
  url?: string | undefined;
  attempts: Attempt[];
  waits: Wait[];
  /** Head of the answer's body, without secrets. */
  bodyExcerpt?: string | undefined;
  /** What became of each record, for calls that carry several. */
  details?: unknown;
  /** The failure below this one: the reason of an abort, the exception of a token store, or the text of the network's. */
  cause?: unknown;
}

/** Every failure of the client. `kind` tells them apart where `instanceof` cannot, such as across threads. */
export class BeProductError extends Error {
  declare readonly kind: ErrorKind;
  declare readonly status?: number;
  declare readonly code?: string;
  declare readonly retryable: boolean;
  declare readonly retryAfter?: number;
  declare readonly outcome: Outcome;
  declare readonly requestId?: string;
  declare readonly operation?: string;
  declare readonly method?: string;
  declare readonly url?: string;
  declare readonly attempts: Attempt[];
  declare readonly waits: Wait[];
  declare readonly bodyExcerpt?: string;
  declare readonly details?: unknown;

  constructor({ message, cause, ...fields }: ErrorFields) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, fields);
  }

  /** The error of the class that its kind names, from what {@link toJSON} gave. */
  static fromJSON(fields: ErrorFields): BeProductError {
    return new CLASSES[fields.kind](fields);
  }

  /** All fields as a plain object: what `structuredClone` and `postMessage` would lose. */
  toJSON(): ErrorFields {
    const fields: ErrorFields = { ...this, message: this.message };
    if (this.cause !== undefined) fields.cause = String(this.cause);
    return fields;
  }
}

/** A setting, an argument or an option is missing or wrong. Nothing was sent. */
export class ConfigError extends BeProductError {}

/** Nobody is signed in, or no longer. */
export class AuthError extends BeProductError {}

/** Signed in, but not allowed to. */
export class PermissionError extends BeProductError {}

/** There is no such record. */
export class NotFoundError extends BeProductError {}

/** The service refused what was sent. */
export class ValidationError extends BeProductError {}

/** The answer is not the one record that was asked for. */
export class ConflictError extends BeProductError {}

/** The service asks to wait longer than the caller is willing to. */
export class RateLimitedError extends BeProductError {}

/** The requests of the day are used up. */
export class QuotaExceededError extends BeProductError {}

/** The deadline passed. */
export class TimeoutError extends BeProductError {}

/** No connection, or one that broke. */
export class NetworkError extends BeProductError {}

/** The service failed. */
export class ServerError extends BeProductError {}

/** The answer could not be read. */
export class DecodeError extends BeProductError {}

/** A list ended before all of its records had come. `details` has `received` and `total`. */
export class IncompleteError extends BeProductError {}

/** The caller cancelled the call. */
export class CancelledError extends BeProductError {}

/** The client was closed before. */
export class ClosedError extends BeProductError {}

/** Code that was handed to the client failed: a token store, a listener. Its exception is the `cause`. */
export class CallbackError extends BeProductError {}

/** A fault of this client. Please report it. */
export class InternalError extends BeProductError {}

const CLASSES = {
  config: ConfigError,
  auth: AuthError,
  permission: PermissionError,
  not_found: NotFoundError,
  validation: ValidationError,
  conflict: ConflictError,
  rate_limited: RateLimitedError,
  quota_exceeded: QuotaExceededError,
  timeout: TimeoutError,
  network: NetworkError,
  server: ServerError,
  decode: DecodeError,
  incomplete: IncompleteError,
  cancelled: CancelledError,
  closed: ClosedError,
  callback: CallbackError,
  internal: InternalError,
};

const ALL = [BeProductError, ...Object.values(CLASSES)];

// On the prototypes, where Node looks for the first line of the stack.
for (const type of ALL) {
  Object.defineProperty(type.prototype, 'name', { value: type.name, configurable: true, writable: true });
}

knownAcrossCopies(...ALL);

/** A wrong setting, argument or option that is found before the engine sees it. */
export function configError(message: string, cause?: unknown): ConfigError {
  return new ConfigError({
    kind: 'config',
    message,
    retryable: false,
    outcome: 'not_sent',
    attempts: [],
    waits: [],
    cause,
  });
}
