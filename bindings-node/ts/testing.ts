import { BeProduct, engineOf } from './client.js';
import type { ClientSettings } from './client/settings.js';
import { knownAcrossCopies } from './copies.js';
import { toError } from './failure.js';
import type { Settings } from './settings.js';

/** Clock and randomness of a client for tests. */
export interface Recording {
  /**
   * `recorded`: pauses return at once and advance the clock. `manual`: they last until {@link RecordedClient.advance}.
   * Default: `recorded`.
   */
  clock?: 'recorded' | 'manual' | undefined;
  /** Start of the clock. In seconds since 1970. Default: now. */
  start?: number | undefined;
  /** Whether random values are fixed: delays in the middle of their range, request ids in order. Default: `true`. */
  fixedChance?: boolean | undefined;
}

/** A client with a test clock. */
export class RecordedClient extends BeProduct {
  /** Advances the clock. */
  advance(seconds: number): void {
    try {
      engineOf(this).advanceClock(seconds);
    } catch (error) {
      throw toError(error);
    }
  }
}

knownAcrossCopies(RecordedClient);

/** A client for tests against a local server in place of the service: it never really waits. */
export function recordedClient(settings: Settings, recording: Recording = {}): RecordedClient {
  return open(settings, recording);
}

/** What a client of a test receives in place of an answer of the service. */
export interface Answer {
  /** Method of the request. Default: `GET`. */
  method?: string | undefined;
  /**
   * Path of the request below the company, `Style/Folders`, or a whole path that begins with `/`. Query parameters after a
   * `?` have to be among those of the request.
   */
  path: string;
  /** Status, 200 to 599. Default: 200. */
  status?: number | undefined;
  /** Headers. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The body, which is sent as JSON. Default: an empty body. */
  body?: unknown;
  /** The body as a text that does not have to be JSON, in place of `body`. */
  text?: string | undefined;
  /** How many requests it answers. Default: all. */
  times?: number | undefined;
}

/**
 * A client for tests without a server: each request receives the first answer that fits and has `times` left. A request
 * that no answer fits fails with a `NetworkError` that names it. The client never really waits, and needs no settings.
 *
 *     const client = answeringClient([{ path: 'Style/Folders', body: [{ id: '1', name: 'Fall' }] }]);
 *
 * @throws {ConfigError} if an answer or a setting is invalid.
 */
export function answeringClient(
  answers: readonly Answer[],
  settings: ClientSettings = {},
  recording: Recording = {},
): RecordedClient {
  const defaults = { companyDomain: 'acme', accessToken: 'test', ledger: 'memory' } as const;
  return open({ ...defaults, ...settings }, recording, answers);
}

function open(settings: Settings, recording: Recording, answers?: readonly Answer[]): RecordedClient {
  const { clock = 'recorded', start, fixedChance = true } = recording;
  const recorded = { ...settings, testing: { clock, start, fixed_chance: fixedChance, answers } };
  return new RecordedClient(recorded);
}
