import type { Connection } from './connection.js';
import { CancelledError } from './errors.js';
import { toError } from './failure.js';
import type native from './native.cjs';
import { encodeArguments, encodeOptions, type ListOptions } from './options.js';
import { decodeMeta, type Meta } from './response.js';

/** One page of a list. */
export interface Page<T> {
  rows: T[];
  /** Records of the whole list, where the service says it. */
  total?: number;
  meta: Meta;
  /** The body as it came from the service. */
  raw: Buffer;
}

/**
 * The records of a list, page by page as they are taken. Nothing is sent before the first is asked for; the next page is
 * fetched when half of the present one is taken.
 *
 * A pager goes through its list once. Leaving a loop over it gives up what is still on its way.
 */
export class Pager<T> implements AsyncIterable<T> {
  readonly #connection: Connection;
  readonly #operation: string;
  readonly #args: object;
  readonly #options: ListOptions;
  #opened: { call: number; pages: native.Pager } | undefined;
  #first: Promise<Page<T> | undefined> | undefined;

  /** @internal */
  constructor(connection: Connection, operation: string, args: object, options: ListOptions) {
    this.#connection = connection;
    this.#operation = operation;
    this.#args = args;
    this.#options = options;
  }

  /** Every record, in order. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.#pages()) {
      for (const row of page.rows) {
        this.#checkSignal();
        this.#open().pages.consumed(1);
        yield row;
      }
    }
  }

  /** Every page, in order. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    for await (const page of this.#pages()) {
      this.#open().pages.consumed(page.rows.length);
      yield page;
    }
  }

  /** All records at once, fetched several pages at a time. */
  async collect(): Promise<T[]> {
    try {
      const first = await this.#takeFirst();
      const json = await this.#run((pages) => pages.collect());
      const rows = this.#connection.decode(json) as T[];
      return first ? first.rows.concat(rows) : rows;
    } finally {
      this.#cancel();
    }
  }

  /** Records of the whole list, where the service says it. Fetches the first page, which is not fetched again. */
  async total(): Promise<number | undefined> {
    if (!this.#opened) this.#first = this.#next();
    await this.#first;
    const total = await this.#run((pages) => pages.total());
    return total ?? undefined;
  }

  async *#pages(): AsyncGenerator<Page<T>, void, undefined> {
    try {
      let page = (await this.#takeFirst()) ?? (await this.#next());
      while (page) {
        yield page;
        page = await this.#next();
      }
    } finally {
      this.#cancel();
    }
  }

  /** The page that was fetched for the total, if it was. */
  async #takeFirst(): Promise<Page<T> | undefined> {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  async #next(): Promise<Page<T> | undefined> {
    const reply = await this.#run((pages) => pages.nextPage());
    if (!reply) return undefined;
    const page = {
      rows: this.#connection.decode(reply.body) as T[],
      meta: decodeMeta(reply.meta),
      raw: reply.raw,
    };
    return reply.total === undefined ? page : { ...page, total: reply.total };
  }

  async #run<R>(start: (pages: native.Pager) => Promise<R>): Promise<R> {
    const { call, pages } = this.#open();
    return this.#connection.run(call, this.#options.signal, () => start(pages));
  }

  #open(): { call: number; pages: native.Pager } {
    if (this.#opened) return this.#opened;
    const { signal, ...options } = this.#options;
    const [args, optionsText] = [encodeArguments(this.#args), encodeOptions(options)];
    const call = this.#connection.engine.issueCall();
    try {
      this.#opened = { call, pages: this.#connection.engine.pages(call, this.#operation, args, optionsText) };
      return this.#opened;
    } catch (error) {
      throw toError(error);
    }
  }

  /** A page is with us already, but the caller wants no more of it. */
  #checkSignal(): void {
    const signal = this.#options.signal;
    if (!signal?.aborted) return;
    throw new CancelledError({
      kind: 'cancelled',
      message: 'the list was given up',
      operation: this.#operation,
      retryable: false,
      outcome: 'not_sent',
      attempts: [],
      waits: [],
      cause: signal.reason,
    });
  }

  #cancel(): void {
    if (this.#opened) this.#connection.engine.cancel(this.#opened.call);
  }
}
