import { BeProduct, engineOf } from './client.js';
import type { ClientSettings } from './client/settings.js';
import { knownAcrossCopies } from './copies.js';
import { toError } from './failure.js';
import type { Answer } from './records/testing.js';
import type { Settings } from './settings.js';

export type { Answer };

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
