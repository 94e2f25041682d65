import { ARGUMENTS } from './argument-names.js';
import { encode } from './encode.js';
import { toEngine } from './names.js';

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
  /** Longest wait for the service to process a file that was uploaded, in seconds. Default 300. */
  waitTimeout?: number | undefined;
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
  waitTimeout: 'wait_timeout',
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
