import { inspect } from 'node:util';

import { abortable } from './abort.js';
import { ConfigError } from './client/errors.js';
import type { CallOptions, ListOptions, SignalOptions } from './client/options.js';
import { type Decode, DECODERS } from './decode.js';
import { encode, encodeArguments } from './encode.js';
import { toError } from './failure.js';
import { attach, withoutFile } from './files.js';
import { aFunction, type Host } from './host.js';
import type native from './native.cjs';
import { type Issued, type Opened, Pager, type Runner } from './pager.js';
import { bodyOf, decodeMeta, type Response, withBody } from './response.js';
import type { ActAs } from './settings.js';

/** What the groups of methods call. */
export type Caller = Pick<Connection, 'call' | 'held' | 'file' | 'stream' | 'ask'>;

/** What the options of calls hold for this side of the engine. */
type ProgramOptions = Pick<CallOptions, 'signal' | 'progress'>;

/** A client or a sign-in of the engine, with values, errors and abort signals instead of text and numbers. */
export class Connection implements Runner {
  readonly engine: native.Engine;
  readonly decode: Decode;
  readonly #host: Host | undefined;
  /** For calls that have none themselves. */
  readonly #options: ProgramOptions;

  constructor(
    open: () => native.Engine,
    decode: Decode = DECODERS.number,
    host?: Host,
    options: ProgramOptions = {},
  ) {
    try {
      this.engine = open();
    } catch (error) {
      throw toError(error);
    }
    this.decode = decode;
    this.#host = host;
    this.#options = options;
  }

  /** Calls an operation of the service. Its arguments may be in several objects. */
  async call<T>(operation: string, options: CallOptions | undefined, ...args: object[]): Promise<T> {
    return bodyOf(await this.#send(operation, options, args), this.decode) as T;
  }

  /** The same, with how the answer came about. */
  async response<T>(
    operation: string,
    options: CallOptions | undefined,
    ...args: object[]
  ): Promise<Response<T>> {
    const reply = await this.#send(operation, options, args);
    return withBody(reply, this.decode, 'body', { meta: decodeMeta(reply.meta()) });
  }

  /**
   * What an operation takes, until some work is done, whatever becomes of that.
   *
   * @param needed Arguments of both operations.
   * @param args Further ones of that which takes it.
   */
  async held<T, R>(
    operation: string,
    release: string,
    work: (taken: T) => R | PromiseLike<R>,
    options: CallOptions | undefined,
    needed: object,
    args: object,
  ): Promise<R> {
    if (typeof work !== 'function')
      throw new ConfigError({ message: `work has to be a function, not ${inspect(work)}` });
    const taken = await this.call<T>(operation, options, needed, args);
    // The signal of the call has been for taking it and for the work.
    const giveBack = () => this.call(release, { ...options, signal: new AbortController().signal }, needed);
    let result: R;
    try {
      result = await work(taken);
    } catch (error) {
      // What fails here is in the log.
      await giveBack().catch(() => undefined);
      throw error;
    }
    await giveBack();
    return result;
  }

  /** The bytes of a file. Nothing is fetched before they are read, and nothing ahead. */
  file(operation: string, options: CallOptions | undefined, ...args: object[]): ReadableStream<Uint8Array> {
    let opened: Opened | undefined;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          opened ??= this.open(operation, options ?? {}, args);
          const { stream } = opened;
          const reply = await this.run(opened, () => stream.next(false));
          if (reply) controller.enqueue(reply.raw());
          else controller.close();
        },
        cancel: () => {
          if (opened) this.cancel(opened.call);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** The records of a list operation. */
  stream<T>(operation: string, options: ListOptions | undefined, ...args: object[]): Pager<T> {
    return new Pager<T>(this, operation, options, args);
  }

  /** Calls a method of the client itself, or a step of a sign-in. */
  async ask<T>(method: string, options: SignalOptions | undefined, ...args: object[]): Promise<T> {
    const text = encodeArguments(args, 'own');
    return bodyOf(await this.#begin(method, text, this.#issue(options)), JSON.parse) as T;
  }

  open(operation: string, options: ListOptions, args: readonly object[]): Opened {
    const text = encodeArguments(args);
    const issued = this.#issue(options);
    try {
      return { ...issued, stream: this.engine.stream(issued.call, operation, text, issued.options) };
    } catch (error) {
      throw this.#error(issued, error);
    }
  }

  async run<T>(issued: Issued, start: () => Promise<T>): Promise<T> {
    try {
      return await abortable(issued.signal, () => this.engine.cancel(issued.call), start);
    } catch (error) {
      throw this.#error(issued, error);
    }
  }

  cancel(call: number): void {
    this.engine.cancel(call);
    this.#host?.progress.delete(call);
  }

  /** The same for another user. */
  actingAs(whom: ActAs): Connection {
    const text = encode(whom, 'actingAs');
    return this.#beside(() => this.engine.child(text), this.#options);
  }

  /** The same with options for all calls. */
  withOptions(given: ListOptions): Connection {
    const { signal = this.#options.signal, progress = this.#options.progress } = given;
    const text = optionsText(given);
    return this.#beside(() => this.engine.withOptions(text), { signal, progress });
  }

  #beside(open: () => native.Engine, options: ProgramOptions): Connection {
    return new Connection(open, this.decode, this.#host, options);
  }

  #issue(given: CallOptions = {}): Issued & { options: string } {
    const { signal = this.#options.signal, progress = this.#options.progress } = given;
    const options = optionsText(given);
    const call = this.engine.issueCall();
    if (progress) this.#host?.progress.set(call, progress);
    return { call, options, signal };
  }

  async #send(operation: string, options: CallOptions | undefined, given: object[]): Promise<native.Reply> {
    const [args, file] = withoutFile(given);
    const text = encodeArguments(args);
    const issued = this.#issue(options);
    if (!file) return this.#begin(operation, text, issued);
    const supply = attach(this.engine, issued.call, file, this.#host);
    const ended = new AbortController();
    const reply = this.#begin(operation, text, issued);
    // It ends with the call, and does not fail.
    void supply(ended.signal);
    return reply.finally(() => ended.abort());
  }

  #begin(name: string, args: string, issued: Issued & { options: string }): Promise<native.Reply> {
    return this.run(issued, () => this.engine.call(issued.call, name, args, issued.options));
  }

  #error({ call, signal }: Issued, error: unknown): unknown {
    return toError(error, (kind, hostFailure) => {
      // The engine of a closed client reports no end of its calls.
      if (kind === 'closed') this.#host?.progress.delete(call);
      if (kind === 'cancelled' && signal?.aborted) return signal.reason;
      return hostFailure === undefined ? undefined : this.#host?.exceptionOf(hostFailure);
    });
  }
}

/** Options as the engine reads them: it reports progress, or it does not. */
function optionsText({ signal: _, progress, ...options }: CallOptions): string {
  aFunction('options.progress', progress);
  return encode({ ...options, progress: progress && true }, 'options');
}
