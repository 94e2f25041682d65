import { toError } from './failure.js';
import { fromEngine } from './names.js';
import type native from './native.cjs';

/** How the quota stands. */
export interface QuotaStatus {
  /** Where requests are counted. */
  store: 'memory' | 'sqlite';
  /** Requests of the day, if a plan was given. */
  limit?: number;
  /** Requests counted today. */
  used: number;
  /** Requests left today, if a plan was given. */
  remaining?: number;
  /** Beginning of the next day, ISO 8601. */
  resetsAt: string;
  /** Requests counted today by operation and label, most first. */
  usage: Usage[];
}

/** Requests of one operation under one label. */
export interface Usage {
  operation: string;
  label: string;
  requests: number;
}

/** The requests of the day. */
export class Quota {
  readonly #engine: native.Engine;

  /** @internal */
  constructor(engine: native.Engine) {
    this.#engine = engine;
  }

  /** How the quota stands. Sends nothing. */
  async status(): Promise<QuotaStatus> {
    try {
      return fromEngine(JSON.parse(await this.#engine.quotaStatus())) as unknown as QuotaStatus;
    } catch (error) {
      throw toError(error);
    }
  }
}
