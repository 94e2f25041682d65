import { ARGUMENTS, FILTERS } from './argument-names.js';
import { encode } from './encode.js';
import { isRecord, toEngine } from './names.js';

/** Options of one call. What is not set comes from the client. */
export interface CallOptions {
  /** Cancels the call. One that is aborted already sends nothing. */
  signal?: AbortSignal | undefined;
  /**
   * Time for each request, in seconds, from its first turn in the line: its retries, the waits between them and the
   * whole answer.
   */
  timeout?: number | undefined;
  /** Longest wait for that turn, in seconds. */
  turnTimeout?: number | undefined;
  /** Highest number of attempts, 1 for no retry. */
  attempts?: number | undefined;
  /** Name under which the ledger counts the requests. */
  label?: string | undefined;
  /** `bulk` leaves the requests alone that `quotaFloor` keeps free. Default `interactive`. */
  priority?: 'interactive' | 'bulk' | undefined;
  /** Query parameters that the catalogue does not know. */
  extraQuery?: Record<string, string | number | boolean> | undefined;
  /** Extra headers. Those that carry the sign-in or describe the body are refused. */
  headers?: Record<string, string> | undefined;
  /** Whether filter fields are checked before sending. */
  checkFilters?: boolean | undefined;
  /** Send a write whose outcome is unknown again, where a repeat leaves the same data. Default false. */
  allowRepeat?: boolean | undefined;
}

/** Options of a list. */
export interface ListOptions extends CallOptions {
  /** Records a page, 1 to 200 unless the client was made with a higher `maxPageSize`. */
  pageSize?: number | undefined;
  /** The page that the list begins with, from 0. Default 0. */
  fromPage?: number | undefined;
  /** Accept a list that ends before its total, with a warning, instead of an `IncompleteError`. Default false. */
  allowIncomplete?: boolean | undefined;
}

const NAMES = {
  turnTimeout: 'turn_timeout',
  pageSize: 'page_size',
  fromPage: 'from_page',
  allowIncomplete: 'allow_incomplete',
  extraQuery: 'extra_query',
  checkFilters: 'check_filters',
  allowRepeat: 'allow_repeat',
};

/** Arguments as the engine reads them. */
export function encodeArguments(args: object): string {
  const given = toEngine(args, ARGUMENTS, 'arguments') as Record<string, unknown>;
  for (const name of FILTERS) if (isRecord(given[name])) given[name] = withoutGaps(given[name]);
  return encode(given, 'arguments');
}

/** A condition of which the value is undefined is refused by the engine: left out, it would return every record. */
function withoutGaps(conditions: object): object {
  const filled = Object.entries(conditions).map(([name, value]) => [
    name,
    isRecord(value) ? withoutGaps(value) : (value ?? null),
  ]);
  return Object.fromEntries(filled);
}

/** Options as the engine reads them. */
export function encodeOptions(options: object): string {
  return encode(toEngine(options, NAMES, 'options'), 'options');
}
