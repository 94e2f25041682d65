import { CallCancelledError } from './client/errors.js';
import type { ListOptions } from './client/options.js';
import { type Decode, fromEngine } from './decode.js';
import type native from './native.cjs';
import type { Meta, Position } from './records/history.js';
import { decodeMeta, withBody } from './response.js';

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

/** A call that was issued: its number, and the signal that cancels it. */
export interface Issued {
  call: number;
  signal: AbortSignal | undefined;
}

/** A list that was begun. */
export interface Opened extends Issued {
  stream: native.Stream;
}

/** What a pager needs of the connection that made it. */
export interface Runner {
  readonly decode: Decode;
  open(operation: string, options: ListOptions, args: readonly object[]): Opened;
  /** Waits for what the engine does under a call's number, which the signal cancels. */
  run<T>(issued: Issued, start: () => Promise<T>): Promise<T>;
  cancel(call: number): void;
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
  readonly #options: ListOptions;
  readonly #args: readonly object[];
  #opened: Opened | undefined;
  /** Pages that came and were not consumed: for a total, of a `collect` that failed, with records that cannot be read. */
  #kept: Arrived<T>[] = [];
  #hasArrived = false;
  /** The page that is being fetched. One at a time, so that each is returned once. */
  #fetching: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(runner: Runner, operation: string, options: ListOptions = {}, args: readonly object[] = []) {
    this.#runner = runner;
    this.#operation = operation;
    this.#options = options;
    this.#args = args;
  }

  /** Every record, in order. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.#each(({ page }) => ({ items: page.records, size: 1 }));
  }

  /** Every page, in order. */
  pages(): AsyncGenerator<Page<T>, void, undefined> {
    return this.#each(({ page, count }) => ({ items: [page], size: count }));
  }

  /** All records at once, several pages at a time. After an error, the pages that came are kept for the next call. */
  async collect(): Promise<T[]> {
    while (await this.#inTurn(() => this.#keep(true)));
    const records = this.#kept.flatMap(({ page }) => page.records);
    this.#kept = [];
    this.#open().stream.consumed(records.length);
    return records;
  }

  /** Number of records of the whole list, if the service states it. Fetches the first page, which is kept. */
  async total(): Promise<number | undefined> {
    await this.#inTurn(async () => this.#hasArrived || this.#keep(false));
    return this.position.total;
  }

  /** How far the list was read. */
  get position(): Position {
    return fromEngine(JSON.parse(this.#open().stream.position()));
  }

  /** What each page consists of; `size` is the number of records of an item. */
  async *#each<R>(split: (arrived: Arrived<T>) => { items: R[]; size: number }): AsyncGenerator<R, void> {
    let arrived: Arrived<T> | undefined;
    while ((arrived = await this.#inTurn(async () => this.#kept.shift() ?? this.#fetch(false)))) {
      const { items, size } = this.#orKept(arrived, split);
      let isLeft = true;
      try {
        for (const item of items) {
          this.#checkSignal();
          this.#open().stream.consumed(size);
          yield item;
        }
        isLeft = false;
      } finally {
        if (isLeft) this.#cancel();
      }
    }
  }

  /** A page whose records cannot be read comes again when it is requested. */
  #orKept<R>(arrived: Arrived<T>, read: (arrived: Arrived<T>) => R): R {
    try {
      return read(arrived);
    } catch (error) {
      this.#kept.unshift(arrived);
      throw error;
    }
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const done = this.#fetching.catch(() => undefined).then(work);
    this.#fetching = done;
    return done;
  }

  /** Keeps the next page, if there is one. */
  async #keep(all: boolean): Promise<boolean> {
    const arrived = await this.#fetch(all);
    if (arrived) this.#kept.push(arrived);
    return arrived !== undefined;
  }

  async #fetch(all: boolean): Promise<Arrived<T> | undefined> {
    const opened = this.#open();
    const reply = await this.#runner.run(opened, () => opened.stream.next(all));
    this.#hasArrived = true;
    if (!reply) return undefined;
    const [count, total] = [reply.records(), reply.total()];
    const answer = { ...(total !== null && { total }), meta: decodeMeta(reply.meta()) };
    return { page: withBody(reply, this.#runner.decode, 'records', answer), count };
  }

  #open(): Opened {
    return (this.#opened ??= this.#runner.open(this.#operation, this.#options, this.#args));
  }

  /** Ends a page that came before the signal was aborted. */
  #checkSignal(): void {
    const { signal } = this.#open();
    if (!signal?.aborted) return;
    const fields = { message: 'the call was cancelled', operation: this.#operation };
    throw new CallCancelledError(fields, { cause: signal.reason });
  }

  #cancel(): void {
    if (this.#opened) this.#runner.cancel(this.#opened.call);
  }
}
