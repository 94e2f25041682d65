import { abortable } from './abort.js';
import { type Decode, DECODERS } from './decode.js';
import { encode } from './encode.js';
import { type EngineFields, toError } from './failure.js';
import type { Host } from './host.js';
import type native from './native.cjs';
import { type CallOptions, encodeArguments, encodeOptions, type ListOptions } from './options.js';
import { Pager } from './pager.js';
import { bodyOf, decodeMeta, type Response, withBody } from './response.js';
import type { Runner } from './runner.js';
import { type ActAs, encodeActAs } from './settings.js';

/** What a resource calls operations with. */
export interface Caller {
  call<T>(operation: string, args: object, options?: CallOptions): Promise<T>;
  list<T>(operation: string, args: object, options?: ListOptions): Pager<T>;
}

/** A client or a sign-in of the engine, with values, errors and abort signals instead of text and numbers. */
export class Connection implements Caller, Runner {
  readonly engine: native.Engine;
  readonly decode: Decode;
  readonly #host: Host | undefined;

  constructor(open: () => native.Engine, decode: Decode = DECODERS.number, host?: Host) {
    try {
      this.engine = open();
    } catch (error) {
      throw toError(error);
    }
    this.decode = decode;
    this.#host = host;
  }

  async call<T>(operation: string, args: object, options: CallOptions = {}): Promise<T> {
    return bodyOf(await this.#send(operation, args, options), this.decode) as T;
  }

  async response<T>(operation: string, args: object, options: CallOptions = {}): Promise<Response<T>> {
    const reply = await this.#send(operation, args, options);
    return withBody(reply, this.decode, 'body', { meta: decodeMeta(reply.meta()) });
  }

  list<T>(operation: string, args: object, options: ListOptions = {}): Pager<T> {
    return new Pager<T>(this, operation, args, options);
  }

  /** Calls what the engine does itself: a method of the client, or a step of a sign-in. */
  async ask<T>(method: string, args: object = {}, signal?: AbortSignal): Promise<T> {
    return bodyOf(await this.#call(method, encode(args, 'arguments'), '{}', signal), JSON.parse) as T;
  }

  async run<T>(call: number, signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
    try {
      return await abortable(signal, () => this.engine.cancel(call), start);
    } catch (error) {
      throw toError(error, (fields) => this.#causeOf(fields, signal));
    }
  }

  /** The same for another user. */
  actingAs(whom: ActAs): Connection {
    const text = encodeActAs(whom);
    return new Connection(() => this.engine.child(text), this.decode, this.#host);
  }

  #causeOf({ kind, hostFailure }: EngineFields, signal: AbortSignal | undefined): unknown {
    if (kind === 'cancelled' && signal?.aborted) return signal.reason;
    return hostFailure === undefined ? undefined : this.#host?.exceptionOf(hostFailure);
  }

  #send(operation: string, args: object, { signal, ...options }: CallOptions): Promise<native.Reply> {
    return this.#call(operation, encodeArguments(args), encodeOptions(options), signal);
  }

  #call(name: string, args: string, options: string, signal?: AbortSignal): Promise<native.Reply> {
    const call = this.engine.issueCall();
    return this.run(call, signal, () => this.engine.call(call, name, args, options));
  }
}
