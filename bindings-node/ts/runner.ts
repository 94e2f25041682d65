import type { Decode } from './decode.js';
import type native from './native.cjs';

/** What a pager needs of the connection that made it. */
export interface Runner {
  readonly engine: native.Engine;
  readonly decode: Decode;
  /** Waits for what the engine does under a call's number, which the signal cancels. */
  run<T>(call: number, signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T>;
}
