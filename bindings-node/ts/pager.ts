import { CancelledError } from './errors.js';
import { toError } from './failure.js';
import type native from './native.cjs';
import { encodeArguments, encodeOptions, type ListOptions } from './options.js';
import { decodeMeta, type Meta } from './response.js';
import type { Runner } from './runner.js';

/** One page of a list. */
export interface Page<T> {
  rows: T[];
  /** Records of the whole list, where the service says it. */
  total?: number;
  meta: Meta;
  /** The body as it came from the service. */
  raw: Buffer;
}

/** How far a list was read. */
export interface Position {
  /** The first page whose records were not all taken: a list with this `fromPage` goes on there. */
  page: number;
  /** Records that were taken. */
  records: number;
  /** Records of the whole list, where the service says it. */
  total?: number;
}

/**
 * The records of a list, page by page as they are taken. Nothing is sent before the first is asked for. The next page is
 * fetched when half of the first is taken, and for each page that is taken one more is fetched ahead, up to the client's
 * `concurrency`: leaving a loop in page `p`, from 1, has cost at most `p + min(p, concurrency)` requests.
 *
 * A pager goes through its list once, and each record is given once. Leaving a loop over it ends what is still on its way.
 * A list that ends before its total throws an `IncompleteError` after the records that came.
 */
export class Pager<T> implements AsyncIterable<T> {
  readonly #runner: Runner;
  readonly #operation: string;
  readonly #args: object;
  readonly #options: ListOptions;
  #opened: { call: number; pages: native.Pager } | undefined;
  /** What has come and was not taken: the page of a total, or what a `collect` that failed had got. */
  #kept: Page<T>[] = [];
  /** The page that is being fetched. One at a time, so that each is given once. */
  #fetching: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(runner: Runner, operation: string, args: object, options: ListOptions) {
    this.#runner = runner;
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

  /** All records at once, fetched several pages at a time. After an error, what had come is kept for the next call. */
  async collect(): Promise<T[]> {
    let page: Page<T> | undefined;
    while ((page = await this.#next(true))) this.#kept.push(page);
    const records = this.#kept.flatMap(({ rows }) => rows);
    this.#kept = [];
    this.#open().pages.consumed(records.length);
    return records;
  }

  /** Records of the whole list, where the service says it. Fetches the first page, which is not fetched again. */
  async total(): Promise<number | undefined> {
    if (!this.#opened) {
      await this.#inTurn(async () => {
        const page = await this.#fetch(false);
        if (page) this.#kept.push(page);
      });
    }
    const total = await this.#run((pages) => pages.total());
    return total ?? undefined;
  }

  /** How far the list was read. */
  get position(): Position {
    const { page, records, total } = JSON.parse(this.#open().pages.position());
    return total === null ? { page, records } : { page, records, total };
  }

  async *#pages(): AsyncGenerator<Page<T>, void, undefined> {
    let isLeft = true;
    try {
      let page: Page<T> | undefined;
      while ((page = await this.#take())) yield page;
      isLeft = false;
    } catch (error) {
      // The page can be asked for again.
      isLeft = false;
      throw error;
    } finally {
      if (isLeft) this.#cancel();
    }
  }

  /** A page that has come already, or the next one. */
  async #take(): Promise<Page<T> | undefined> {
    // The page of a total that is on its way is the first.
    await this.#fetching.catch(() => undefined);
    return this.#kept.shift() ?? (await this.#next());
  }

  #next(whole = false): Promise<Page<T> | undefined> {
    return this.#inTurn(() => this.#fetch(whole));
  }

  #inTurn<R>(fetch: () => Promise<R>): Promise<R> {
    const fetched = this.#fetching.catch(() => undefined).then(fetch);
    this.#fetching = fetched;
    return fetched;
  }

  async #fetch(whole: boolean): Promise<Page<T> | undefined> {
    const reply = await this.#run((pages) => pages.nextPage(whole));
    if (!reply) return undefined;
    try {
      const page = {
        rows: this.#runner.decode(reply.body) as T[],
        meta: decodeMeta(reply.meta),
        raw: reply.raw,
      };
      return reply.total === undefined ? page : { ...page, total: reply.total };
    } catch (error) {
      // The page comes again when it is asked for.
      this.#open().pages.again();
      throw error;
    }
  }

  async #run<R>(start: (pages: native.Pager) => Promise<R>): Promise<R> {
    const { call, pages } = this.#open();
    return this.#runner.run(call, this.#options.signal, () => start(pages));
  }

  #open(): { call: number; pages: native.Pager } {
    if (this.#opened) return this.#opened;
    const { signal, ...options } = this.#options;
    const [args, optionsText] = [encodeArguments(this.#args), encodeOptions(options)];
    const call = this.#runner.engine.issueCall();
    try {
      this.#opened = { call, pages: this.#runner.engine.pages(call, this.#operation, args, optionsText) };
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
    if (this.#opened) this.#runner.engine.cancel(this.#opened.call);
  }
}
