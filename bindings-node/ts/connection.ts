import { abortable } from './abort.js';
import type { Causes } from './causes.js';
import type { Decode } from './decode.js';
import { toError } from './failure.js';
import native from './native.cjs';
import { type CallOptions, encodeArguments, encodeOptions, type ListOptions } from './options.js';
import { Pager } from './pager.js';
import { decodeMeta, type Response } from './response.js';
import type { Runner } from './runner.js';
import { type ActAs, encodeActAs } from './settings.js';

/** What a resource calls operations with. */
export interface Caller {
  call<T>(operation: string, args: object, options?: CallOptions): Promise<T>;
  list<T>(operation: string, args: object, options?: ListOptions): Pager<T>;
}

/** The engine with values, errors and abort signals instead of text and numbers. */
export class Connection implements Caller, Runner {
  readonly engine: native.Engine;
  readonly decode: Decode;
  readonly #causes: Causes;

  constructor(engine: native.Engine, decode: Decode, causes: Causes) {
    this.engine = engine;
    this.decode = decode;
    this.#causes = causes;
  }

  async call<T>(operation: string, args: object, options: CallOptions = {}): Promise<T> {
    const reply = await this.#send(operation, args, options);
    return this.decode(reply.body) as T;
  }

  async response<T>(operation: string, args: object, options: CallOptions = {}): Promise<Response<T>> {
    const { body, meta, raw } = await this.#send(operation, args, options);
    return { body: this.decode(body) as T, meta: decodeMeta(meta), raw };
  }

  list<T>(operation: string, args: object, options: ListOptions = {}): Pager<T> {
    return new Pager<T>(this, operation, args, options);
  }

  /** Waits for what the engine does under a call's number, which the signal gives up. */
  run<T>(call: number, signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
    return this.#abortable(signal, () => this.engine.cancel(call), start);
  }

  /** Waits for what the engine does without a number. */
  ask<T>(
    signal: AbortSignal | undefined,
    start: (engine: native.Engine, cancellation: native.Cancellation) => Promise<T>,
  ): Promise<T> {
    const cancellation = new native.Cancellation();
    return this.#abortable(
      signal,
      () => cancellation.cancel(),
      () => start(this.engine, cancellation),
    );
  }

  /** The same for another user. */
  actingAs(whom: ActAs): Connection {
    const text = encodeActAs(whom);
    try {
      return new Connection(this.engine.actingAs(text), this.decode, this.#causes);
    } catch (error) {
      throw toError(error);
    }
  }

  #abortable<T>(signal: AbortSignal | undefined, cancel: () => void, start: () => Promise<T>): Promise<T> {
    return abortable(signal, cancel, start, (message) => this.#causes.of(message));
  }

  async #send(operation: string, args: object, { signal, ...options }: CallOptions): Promise<native.Reply> {
    const [argsText, optionsText] = [encodeArguments(args), encodeOptions(options)];
    const call = this.engine.issueCall();
    return this.run(call, signal, () => this.engine.call(call, operation, argsText, optionsText));
  }
}
