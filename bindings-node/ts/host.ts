import { inspect } from 'node:util';

import { ConfigError } from './client/errors.js';
import type { CallOptions } from './client/options.js';
import { fromEngine } from './decode.js';
import { encode } from './encode.js';
import type native from './native.cjs';
import type { NodeSettings } from './node-settings.js';
import { decodeTokens, type TokenStore } from './stores.js';

/** Exceptions that are kept: as many calls as may fail at the same time, and some more. */
const MOST = 100;

/** Code of the program. */
export interface HostCode extends Omit<NodeSettings, 'decimals'> {
  tokenStore?: TokenStore | undefined;
}

/** Takes a payload of the engine, and returns the answer. */
type Hook = (payload: any) => unknown;

/** Runs the program's code when the engine calls it. */
export class Host {
  readonly #hooks = new Map<string, Hook>();
  /** What the code threw, by number. */
  readonly #exceptions = new Map<number, unknown>();
  #number = 0;
  /** What receives the progress of a call, by the call's number, until the engine reports the end of the call. */
  readonly progress = new Map<number, CallOptions['progress']>();

  constructor({ tokenStore: store, ...callbacks }: HostCode) {
    const add = (name: string, code: unknown, hook: Hook) => {
      if (typeof code === 'function') this.#hooks.set(name, hook);
    };
    add('token_store.load', store?.load, () => store?.load());
    add('token_store.save', store?.save, async (tokens) => void (await store?.save(decodeTokens(tokens))));
    add('token_store.try_lock', store?.tryLock, () => store?.tryLock?.());
    const unlock = unanswered('tokenStore.unlock', () => store?.unlock?.());
    add('token_store.unlock', store?.unlock, unlock);

    for (const [name, callback] of Object.entries(callbacks)) aFunction(`settings.${name}`, callback);
    const { onQuotaEvent, onQuotaLimit, onLog } = callbacks;
    const event = unanswered('onQuotaEvent', (event) => onQuotaEvent?.(fromEngine(event)));
    add('on_quota_event', onQuotaEvent, event);
    add('on_quota_limit', onQuotaLimit, async (event) => {
      const seconds = await onQuotaLimit?.(fromEngine(event));
      // JSON has no number for it.
      return seconds === Infinity ? 'Infinity' : seconds;
    });
    const log = unanswered('onLog', (line) => onLog?.(fromEngine(line)));
    add('on_log', onLog, async (lines) => {
      for (const line of lines) await log(line);
    });

    const report = unanswered('progress', ({ call, ...progress }) => {
      if (!progress.operation) return this.progress.delete(call);
      return this.progress.get(call)?.(fromEngine(progress));
    });
    this.#hooks.set('progress', report);
  }

  /** What there is code for. */
  get hooks(): string[] {
    return [...this.#hooks.keys()];
  }

  /** Runs the code for one of them. */
  readonly call: native.Host = async (hook, payload) => {
    try {
      return { answer: encode(await this.#hooks.get(hook)?.(JSON.parse(payload)), 'what it returns') };
    } catch (exception) {
      return this.keep(exception);
    }
  };

  /** Keeps what the program's code threw, for the error that it causes. */
  keep(exception: unknown): { failure: string; id: number } {
    const id = (this.#number += 1);
    this.#exceptions.set(id, exception).delete(id - MOST);
    return { failure: messageOf(exception), id };
  }

  /** What the code threw, while it is kept. */
  exceptionOf(id: number): unknown {
    return this.#exceptions.get(id);
  }
}

/** What the program gave, if it is a function or nothing. */
export function aFunction<T>(name: string, given: T): T {
  if (given === undefined || typeof given === 'function') return given;
  throw new ConfigError({ message: `${name} has to be a function, not ${inspect(given)}` });
}

function messageOf(exception: unknown): string {
  if (exception instanceof Error) return String(exception.message);
  return typeof exception === 'string' ? exception : inspect(exception, { depth: 0 });
}

/** Runs code that no call waits for. Its first exception becomes a warning of the process: more are likely to follow. */
function unanswered(what: string, code: Hook): (payload?: unknown) => Promise<void> {
  let hasWarned = false;
  return async (payload) => {
    try {
      await code(payload);
    } catch (error) {
      if (!hasWarned) process.emitWarning(`${what} failed: ${inspect(error)}`, 'BeProductWarning');
      hasWarned = true;
    }
  };
}
