import { BeProduct, engineOf } from './client.js';
import { knownAcrossCopies } from './copies.js';
import { toError } from './failure.js';
import type { Settings } from './settings.js';

/** How a client for tests takes time and chance. */
export interface Recording {
  /**
   * `recorded` (the default): pauses return at once and move the clock on. `manual`: they last until the clock is
   * advanced.
   */
  clock?: 'recorded' | 'manual';
  /** Start of the clock, Unix seconds. Default: now. */
  start?: number;
  /** No chance: spreads in the middle, request ids in order. Default true. */
  fixedChance?: boolean;
}

/** A client on a clock of its own. */
export class RecordedClient extends BeProduct {
  /** Moves the clock on. */
  advance(seconds: number): void {
    try {
      engineOf(this).advanceClock(seconds);
    } catch (error) {
      throw toError(error);
    }
  }
}

knownAcrossCopies(RecordedClient);

/** A client that never waits for real, for tests against a server that stands in for the service. */
export function recordedClient(settings: Settings, recording: Recording = {}): RecordedClient {
  const { clock = 'recorded', start, fixedChance = true } = recording;
  const recorded = { ...settings, testing: { clock, start, fixed_chance: fixedChance } };
  return new RecordedClient(recorded);
}
