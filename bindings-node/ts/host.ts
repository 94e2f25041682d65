import { inspect } from 'node:util';

import { ConfigError } from './client/errors.js';
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
type Hook = (payload: string) => unknown;

/** Runs the program's code when the engine calls it. */
export class Host {
  readonly #hooks = new Map<string, Hook>();
  /** What the code threw, by number. */
  readonly #exceptions = new Map<number, unknown>();
  #number = 0;

  constructor({ tokenStore: store, ...callbacks }: HostCode) {
    for (const [name, callback] of Object.entries(callbacks)) {
      if (callback === undefined || typeof callback === 'function') continue;
      throw new ConfigError({ message: `settings.${name} has to be a function, not ${inspect(callback)}` });
    }
    const add = (name: string, code: unknown, hook: Hook) => {
      if (typeof code === 'function') this.#hooks.set(name, hook);
    };
    add('token_store.load', store?.load, () => store?.load());
    add('token_store.save', store?.save, async (tokens) => {
      await store?.save(decodeTokens(JSON.parse(tokens)));
    });
    add('token_store.try_lock', store?.tryLock, () => store?.tryLock?.());
    const unlock = unanswered('tokenStore.unlock', () => store?.unlock?.());
    add('token_store.unlock', store?.unlock, unlock);

    const { onQuotaEvent, onQuotaLimit, onLog } = callbacks;
    const event = unanswered('onQuotaEvent', (event) => onQuotaEvent?.(fromEngine(event)));
    add('on_quota_event', onQuotaEvent, (text) => event(JSON.parse(text)));
    add('on_quota_limit', onQuotaLimit, async (event) => {
      const seconds = await onQuotaLimit?.(fromEngine(JSON.parse(event)));
      // JSON has no number for it.
      return seconds === Infinity ? 'Infinity' : seconds;
    });
    // The names of measurements are not the engine's.
    const log = unanswered('onLog', ({ attributes, ...line }) =>
      onLog?.({ ...fromEngine(line), attributes }),
    );
    add('on_log', onLog, async (lines) => {
      for (const line of JSON.parse(lines)) await log(line);
    });
  }

  /** What there is code for. */
  get hooks(): string[] {
    return [...this.#hooks.keys()];
  }

  /** Runs the code for one of them. */
  readonly call: native.Host = async (hook, payload) => {
    try {
      return { answer: encode(await this.#hooks.get(hook)?.(payload), 'what it returns') };
    } catch (exception) {
      const id = (this.#number += 1);
      this.#exceptions.set(id, exception).delete(id - MOST);
      return { failure: messageOf(exception), id };
    }
  };

  /** What the code threw, while it is kept. */
  exceptionOf(id: number): unknown {
    return this.#exceptions.get(id);
  }
}

function messageOf(exception: unknown): string {
  if (exception instanceof Error) return String(exception.message);
  return typeof exception === 'string' ? exception : inspect(exception, { depth: 0 });
}

/** Runs code that no call waits for. Its first exception becomes a warning of the process: more are likely to follow. */
function unanswered(what: string, code: (payload: any) => unknown): (payload?: unknown) => Promise<void> {
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
