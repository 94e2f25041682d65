import { inspect } from 'node:util';

import { encode } from './encode.js';
import { configError } from './errors.js';
import { decodeEvent, type QuotaCallbacks } from './listener.js';
import type native from './native.cjs';
import { decodeLine, type LogRecord } from './settings.js';
import { decodeTokens, renamedTokens, type TokenStore } from './tokens.js';

/** Exceptions that are kept: as many calls as may fail at the same time, and some more. */
const MOST = 100;

/** Code of the program. */
export interface HostCode extends QuotaCallbacks {
  tokenStore?: TokenStore | undefined;
  onLog?: ((record: LogRecord) => void | PromiseLike<void>) | undefined;
}

type Hook = (payload: string) => Promise<string>;

/** Runs the program's code when the engine calls it. */
export class Host {
  readonly #hooks: ReadonlyMap<string, Hook>;
  /** What it threw, by number. */
  readonly #exceptions = new Map<number, unknown>();
  #number = 0;

  constructor({ tokenStore: store, onQuotaEvent, onQuotaLimit, onLog }: HostCode) {
    for (const [name, callback] of Object.entries({ onQuotaEvent, onQuotaLimit, onLog })) {
      if (callback === undefined || typeof callback === 'function') continue;
      throw configError(`settings.${name} has to be a function, not ${inspect(callback)}`);
    }
    const hooks = new Map<string, Hook>();
    if (typeof store?.load === 'function') {
      hooks.set('token_store.load', async () => json(renamedTokens(await store.load()), 'load'));
    }
    if (typeof store?.save === 'function') {
      hooks.set('token_store.save', async (tokens) => {
        await store.save(decodeTokens(JSON.parse(tokens)));
        return 'null';
      });
    }
    if (typeof store?.tryLock === 'function') {
      hooks.set('token_store.try_lock', async () => json(await store.tryLock?.(), 'tryLock'));
    }
    if (typeof store?.unlock === 'function') {
      const told = unanswered('tokenStore.unlock');
      hooks.set('token_store.unlock', () => told(() => store.unlock?.()));
    }
    if (onQuotaEvent) {
      const told = unanswered('onQuotaEvent');
      hooks.set('on_quota_event', (event) => told(() => onQuotaEvent(decodeEvent(event))));
    }
    if (onQuotaLimit) {
      hooks.set('on_quota_limit', async (event) => {
        const seconds = await onQuotaLimit(decodeEvent(event));
        // JSON has no number for it.
        return json(seconds === Infinity ? 'Infinity' : seconds, 'onQuotaLimit');
      });
    }
    if (onLog) {
      const told = unanswered('onLog');
      hooks.set('on_log', async (lines) => {
        for (const line of JSON.parse(lines)) await told(() => onLog(decodeLine(line)));
        return 'null';
      });
    }
    this.#hooks = hooks;
  }

  /** What there is code for. */
  get hooks(): string[] {
    return [...this.#hooks.keys()];
  }

  /** Runs the code for one of them. */
  readonly call: native.Host = async (hook, payload) => {
    try {
      return { answer: (await this.#hooks.get(hook)?.(payload)) ?? 'null' };
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

function json(value: unknown, hook: string): string {
  return encode(value, `what ${hook} returns`);
}

function messageOf(exception: unknown): string {
  if (exception instanceof Error) return String(exception.message);
  return typeof exception === 'string' ? exception : inspect(exception, { depth: 0 });
}

/**
 * Runs code that nobody waits for. Its first failure becomes a warning of the process: it is likely to fail every time.
 */
function unanswered(what: string): (action: () => unknown) => Promise<string> {
  let isTold = false;
  return async (action) => {
    try {
      await action();
    } catch (error) {
      if (!isTold) process.emitWarning(`${what} failed: ${inspect(error)}`, 'BeProductWarning');
      isTold = true;
    }
    return 'null';
  };
}
