import { ARGUMENTS } from './argument-names.js';
import { encode } from './encode.js';
import { toEngine } from './names.js';

/** Options of one call. What is not set comes from the client. */
export interface CallOptions {
  /** Gives the call up. One that is aborted already sends nothing. */
  signal?: AbortSignal;
  /**
   * Time for each request, in seconds, from its first turn in the line: its retries, the waits between them and the
   * whole answer.
   */
  timeout?: number;
  /** Longest wait for that turn, in seconds. */
  turnTimeout?: number;
  /** Highest number of attempts, 1 for no retry. */
  attempts?: number;
  /** Name under which the ledger counts the requests. */
  label?: string;
  /** `bulk` leaves the requests alone that `quotaFloor` keeps free. Default `interactive`. */
  priority?: 'interactive' | 'bulk';
  /** Query parameters that the catalogue does not know. */
  extraQuery?: Record<string, string | number | boolean>;
  /** Extra headers. Those that carry the sign-in or describe the body are refused. */
  headers?: Record<string, string>;
  /** Whether filter fields are checked before sending. */
  checkFilters?: boolean;
  /** Send a write whose fate is unknown again, where a repeat leaves the same data. Default false. */
  allowRepeat?: boolean;
}

/** Options of a list. */
export interface ListOptions extends CallOptions {
  /** Records a page, 1 to 200 unless the client was made with a higher `maxPageSize`. */
  pageSize?: number;
  /** The page that the list begins with, from 0. Default 0. */
  fromPage?: number;
  /** Accept a list that ends before its total, with a warning, instead of an `IncompleteError`. Default false. */
  allowIncomplete?: boolean;
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
  return encode(toEngine(args, ARGUMENTS, 'arguments'), 'arguments');
}

/** Options as the engine reads them. */
export function encodeOptions(options: object): string {
  return encode(toEngine(options, NAMES, 'options'), 'options');
}
