import { CallCancelledError } from './client/errors.js';
import type { ListOptions } from './client/options.js';
import type { Decode } from './decode.js';
import { encode, encodeArguments } from './encode.js';
import { toError } from './failure.js';
import type native from './native.cjs';
import { decodeMeta, type Meta, withBody } from './response.js';

/** One page of a list. */
export interface Page<T> {
  /** Records that no earlier page had. Reading them throws a `DecodeError` if the answer cannot be parsed. */
  records: T[];
  /** Number of records of the whole list, if the service states it. */
  total?: number | undefined;
  /** How the page came about. */
  meta: Meta;
  /** The body as it came from the service. */
  raw: Buffer;
}

/** How far a list was read. */
export interface Position {
  /** The first page whose records were not all consumed: a list with this `fromPage` continues there. */
  page: number;
  /** Number of records that were consumed. */
  records: number;
  /** Number of records of the whole list, if the service states it. */
  total?: number | undefined;
}

/** What a pager needs of the connection that made it. */
export interface Runner {
  readonly engine: native.Engine;
  readonly decode: Decode;
  /** Waits for what the engine does under a call's number, which the signal cancels. */
  run<T>(call: number, signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T>;
}

interface Arrived<T> {
  page: Page<T>;
  /** Number of its records. */
  count: number;
}

/**
 * The records of a list, page by page as they are consumed. Nothing is sent before the first record is requested. The
 * second page is fetched when half of the first is consumed, and for each consumed page one more is fetched ahead, up to
 * the client's `concurrency`: leaving a loop in page `p`, from 1, has cost at most `p + min(p, concurrency)` requests.
 *
 * A pager reads its list once and returns each record once. Leaving a loop over it cancels its open requests. A list that
 * ends before its total throws an `IncompleteError` after the records that came.
 */
export class Pager<T> implements AsyncIterable<T> {
  readonly #runner: Runner;
  readonly #operation: string;
  readonly #args: readonly object[];
  readonly #options: ListOptions;
  #opened: { call: number; stream: native.Stream } | undefined;
  /** Pages that came and were not consumed: for a total, of a `collect` that failed, with records that cannot be read. */
  #kept: Arrived<T>[] = [];
  /** The page that is being fetched. One at a time, so that each is given once. */
  #fetching: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(runner: Runner, operation: string, options: ListOptions = {}, args: readonly object[] = []) {
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

  /** All records at once, several pages at a time. After an error, the pages that came are kept for the next call. */
  async collect(): Promise<T[]> {
    let arrived: Arrived<T> | undefined;
    while ((arrived = await this.#next(true))) this.#kept.push(arrived);
    const records = this.#kept.flatMap(({ page }) => page.records);
    this.#kept = [];
    this.#open().stream.consumed(records.length);
    return records;
  }

  /** Number of records of the whole list, if the service states it. Fetches the first page, which is kept. */
  async total(): Promise<number | undefined> {
    if (!this.#opened) {
      await this.#inTurn(async () => {
        const arrived = await this.#fetch(false);
        if (arrived) this.#kept.push(arrived);
      });
    }
    // Another call may be fetching the first page.
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

  /** A page that was kept, or the next one. */
  async #take(): Promise<Arrived<T> | undefined> {
    // A page that is being fetched for a total is the first.
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
    const [args, text] = [encodeArguments(this.#args), encode(options, 'options')];
    const { engine } = this.#runner;
    const call = engine.issueCall();
    try {
      this.#opened = { call, stream: engine.stream(call, this.#operation, args, text) };
      return this.#opened;
    } catch (error) {
      throw toError(error);
    }
  }

  /** Ends a page that came before the signal was aborted. */
  #checkSignal(): void {
    const signal = this.#options.signal;
    if (!signal?.aborted) return;
    const fields = { message: 'the call was cancelled', operation: this.#operation };
    throw new CallCancelledError(fields, { cause: signal.reason });
  }

  #cancel(): void {
    if (this.#opened) this.#runner.engine.cancel(this.#opened.call);
  }
}
