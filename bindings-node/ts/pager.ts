import { CancelledError } from './errors.js';
import { toError } from './failure.js';
import type native from './native.cjs';
import { encodeArguments, encodeOptions, type ListOptions } from './options.js';
import { decodeMeta, type Meta, withBody } from './response.js';
import type { Runner } from './runner.js';

/** One page of a list. */
export interface Page<T> {
  /** Those that no earlier page held. Reading them throws a `DecodeError` when the answer cannot be read. */
  records: T[];
  /** Records of the whole list, where the service says it. */
  total?: number;
  /** How the page came about. */
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

interface Arrived<T> {
  page: Page<T>;
  /** Number of its records. */
  count: number;
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
  #opened: { call: number; stream: native.Stream } | undefined;
  /** What has come and was not taken: the page of a total, what a `collect` that failed had got, a page without records. */
  #kept: Arrived<T>[] = [];
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
    for await (const arrived of this.#pages()) {
      for (const record of this.#recordsOf(arrived)) {
        this.#checkSignal();
        this.#open().stream.consumed(1);
        yield record;
      }
    }
  }

  /** Every page, in order. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    for await (const { page, count } of this.#pages()) {
      this.#open().stream.consumed(count);
      yield page;
    }
  }

  /** All records at once, fetched several pages at a time. After an error, what had come is kept for the next call. */
  async collect(): Promise<T[]> {
    let arrived: Arrived<T> | undefined;
    while ((arrived = await this.#next(true))) this.#kept.push(arrived);
    const records = this.#kept.flatMap(({ page }) => page.records);
    this.#kept = [];
    this.#open().stream.consumed(records.length);
    return records;
  }

  /** Records of the whole list, where the service says it. Fetches the first page, which is not fetched again. */
  async total(): Promise<number | undefined> {
    if (!this.#opened) {
      await this.#inTurn(async () => {
        const arrived = await this.#fetch(false);
        if (arrived) this.#kept.push(arrived);
      });
    }
    // The first page may be on its way for somebody else.
    await this.#fetching;
    return this.position.total;
  }

  /** How far the list was read. */
  get position(): Position {
    const { page, records, total } = JSON.parse(this.#open().stream.position());
    return total === null ? { page, records } : { page, records, total };
  }

  async *#pages(): AsyncGenerator<Arrived<T>, void, undefined> {
    let isLeft = true;
    try {
      let arrived: Arrived<T> | undefined;
      while ((arrived = await this.#take())) yield arrived;
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
  async #take(): Promise<Arrived<T> | undefined> {
    // The page of a total that is on its way is the first.
    await this.#fetching.catch(() => undefined);
    return this.#kept.shift() ?? (await this.#next());
  }

  /** A page whose records cannot be read comes again when it is asked for. */
  #recordsOf(arrived: Arrived<T>): T[] {
    try {
      return arrived.page.records;
    } catch (error) {
      this.#kept.unshift(arrived);
      throw error;
    }
  }

  #next(all = false): Promise<Arrived<T> | undefined> {
    return this.#inTurn(() => this.#fetch(all));
  }

  #inTurn<R>(fetch: () => Promise<R>): Promise<R> {
    const fetched = this.#fetching.catch(() => undefined).then(fetch);
    this.#fetching = fetched;
    return fetched;
  }

  async #fetch(all: boolean): Promise<Arrived<T> | undefined> {
    const { call, stream } = this.#open();
    const reply = await this.#runner.run(call, this.#options.signal, () => stream.next(all));
    if (!reply) return undefined;
    const [count, total] = [reply.records(), reply.total()];
    const answer = { ...(total !== null && { total }), meta: decodeMeta(reply.meta()) };
    return { page: withBody(reply, this.#runner.decode, 'records', answer), count };
  }

  #open(): { call: number; stream: native.Stream } {
    if (this.#opened) return this.#opened;
    const { signal, ...options } = this.#options;
    const [args, optionsText] = [encodeArguments(this.#args), encodeOptions(options)];
    const { engine } = this.#runner;
    const call = engine.issueCall();
    try {
      this.#opened = { call, stream: engine.stream(call, this.#operation, args, optionsText) };
      return this.#opened;
    } catch (error) {
      throw toError(error);
    }
  }

  /** A page has come already, but the caller wants no more of it. */
  #checkSignal(): void {
    const signal = this.#options.signal;
    if (!signal?.aborted) return;
    throw new CancelledError({
      kind: 'cancelled',
      message: 'the call was cancelled',
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
