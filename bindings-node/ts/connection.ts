import { abortable } from './abort.js';
import type { CallOptions, ListOptions, SignalOptions } from './client/options.js';
import { type Decode, DECODERS } from './decode.js';
import { encode, encodeArguments } from './encode.js';
import { toError } from './failure.js';
import type { Host } from './host.js';
import type native from './native.cjs';
import { Pager, type Runner } from './pager.js';
import { bodyOf, decodeMeta, type Response, withBody } from './response.js';
import type { ActAs } from './settings.js';

/** What the groups of methods call. */
export type Caller = Pick<Connection, 'call' | 'stream' | 'ask'>;

/** A client or a sign-in of the engine, with values, errors and abort signals instead of text and numbers. */
export class Connection implements Runner {
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

  /** Calls an operation of the service. Its arguments may be in several objects. */
  async call<T>(operation: string, options: CallOptions | undefined, ...args: object[]): Promise<T> {
    return bodyOf(await this.#send(operation, encodeArguments(args), options), this.decode) as T;
  }

  /** The same, with how the answer came about. */
  async response<T>(
    operation: string,
    options: CallOptions | undefined,
    ...args: object[]
  ): Promise<Response<T>> {
    const reply = await this.#send(operation, encodeArguments(args), options);
    return withBody(reply, this.decode, 'body', { meta: decodeMeta(reply.meta()) });
  }

  /** The records of a list operation. */
  stream<T>(operation: string, options: ListOptions | undefined, ...args: object[]): Pager<T> {
    return new Pager<T>(this, operation, options, args);
  }

  /** Calls a method of the client itself, or a step of a sign-in. */
  async ask<T>(method: string, options: SignalOptions | undefined, ...args: object[]): Promise<T> {
    return bodyOf(await this.#send(method, encodeArguments(args, 'own'), options), JSON.parse) as T;
  }

  /** Waits for what the engine does under a call's number, which the signal cancels. */
  async run<T>(call: number, signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
    try {
      return await abortable(signal, () => this.engine.cancel(call), start);
    } catch (error) {
      throw toError(error, (kind, hostFailure) => {
        if (kind === 'cancelled' && signal?.aborted) return signal.reason;
        return hostFailure === undefined ? undefined : this.#host?.exceptionOf(hostFailure);
      });
    }
  }

  /** The same for another user. */
  actingAs(whom: ActAs): Connection {
    const text = encode(whom, 'actingAs');
    return new Connection(() => this.engine.child(text), this.decode, this.#host);
  }

  #send(name: string, args: string, options: SignalOptions = {}): Promise<native.Reply> {
    const { signal, ...rest } = options;
    const [call, text] = [this.engine.issueCall(), encode(rest, 'options')];
    return this.run(call, signal, () => this.engine.call(call, name, args, text));
  }
}
