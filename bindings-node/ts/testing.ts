import { BeProduct, engineOf } from './client.js';
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
  const { clock = 'recorded', start, fixedChance = true } = recording;
  const recorded = { ...settings, testing: { clock, start, fixed_chance: fixedChance } };
  return new RecordedClient(recorded);
}
