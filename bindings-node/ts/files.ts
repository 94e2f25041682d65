import { Readable } from 'node:stream';
import { inspect } from 'node:util';

import { ConfigError } from './client/errors.js';
import type { Host } from './host.js';
import type native from './native.cjs';

/**
 * Content of a file. It is sent a second time, after a 401 or a 429, only if it can be read again: bytes and a `Blob` can,
 * a stream or an iterable cannot.
 */
export type FileContent = Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** A file on this machine under another name. */
export interface FilePath {
  /** Path of the file. */
  path: string;
  /** Default: the last segment of the path. */
  name?: string | undefined;
}

/** A name with content. */
export interface FileWithContent {
  /** Name of the file. */
  name: string;
  /** Bytes, a `Blob`, or a stream that is read while it is sent. */
  content: FileContent;
  /** Number of bytes of a stream, if it is known. A stream of another length is an error. */
  length?: number | undefined;
}

/**
 * A file that is fetched while it is sent: at most 200 MB in 15 minutes, without the access token, by https and not from
 * addresses inside a network, unless `settings.allowPrivateSources` says so.
 */
export interface FileUrl {
  /** URL of the file. */
  url: string;
  /** Default: the last segment of the URL. */
  name?: string | undefined;
}

/** A file to upload: a path, a `File`, a name with content, or a URL. */
export type FileInput = string | File | FilePath | FileWithContent | FileUrl;

/** Content that goes with a call beside its arguments. */
export type Attached = FileContent;

/** The arguments as JSON can hold them, and the content among them that it cannot. */
export function withoutFile(args: readonly object[]): [readonly object[], Attached | undefined] {
  for (const [index, given] of args.entries()) {
    for (const [name, value] of Object.entries(given ?? {})) {
      const file = fileOf(name, value);
      if (!file) continue;
      const { content, ...rest } = file;
      return [args.with(index, { ...given, [name]: { attached: 0, ...rest } }), content];
    }
  }
  return [args, undefined];
}

function fileOf(argument: string, value: unknown): Partial<FileWithContent> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isContent(value)) {
    return { content: value, name: value instanceof File ? value.name : undefined, ...lengthOf(value) };
  }
  if (!Object.hasOwn(value, 'content')) return undefined;
  const { content, ...rest } = value as Partial<FileWithContent>;
  // Data of other arguments may have such a member too, together with others.
  if (isContent(content)) return { content, ...lengthOf(content), ...rest };
  if (argument !== 'file') return undefined;
  const given = inspect(content, { depth: -1 });
  throw new ConfigError({
    message: `${argument}: content has to be bytes, a Blob or a stream of bytes, not ${given}`,
  });
}

function lengthOf(content: FileContent): { length?: number } {
  return content instanceof Blob ? { length: content.size } : {};
}

function isContent(value: unknown): value is FileContent {
  return (
    value instanceof Uint8Array ||
    value instanceof Blob ||
    (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
  );
}

/** Gives the content to a call that has not started. Returns what is to run beside the call, until `ended` is aborted. */
export function attach(
  engine: native.Engine,
  call: number,
  content: Attached,
  host: Host | undefined,
): (ended: AbortSignal) => Promise<void> {
  if (content instanceof Uint8Array) {
    engine.attachBytes(call, content);
    return async () => undefined;
  }
  const isBlob = content instanceof Blob;
  engine.attachStream(call, isBlob);
  return (ended) => supply(engine, call, () => (isBlob ? content.stream() : content), host, ended);
}

/** Hands a stream in until nothing more of it is wanted. */
async function supply(
  engine: native.Engine,
  call: number,
  open: () => ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  host: Host | undefined,
  ended: AbortSignal,
): Promise<void> {
  let chunks: Chunks | undefined;
  // A stream that waits for its next bytes would not notice that nobody wants them.
  ended.addEventListener('abort', () => chunks?.close(), { once: true });
  let wanted = await engine.supply(call, 'nothing');
  while (wanted !== 'stop') {
    try {
      if (wanted === 'start') chunks = chunksOf(open());
      const next = await chunks?.next();
      if (next && !next.done && !(next.value instanceof Uint8Array)) {
        throw new TypeError(`the source of a file has to give Uint8Array, not ${typeof next.value}`);
      }
      wanted = await (next && !next.done
        ? engine.supply(call, 'chunk', next.value)
        : engine.supply(call, 'end'));
    } catch (error) {
      const { failure, id } = host?.keep(error) ?? { failure: String(error), id: 0 };
      wanted = await engine.supply(call, 'failed', undefined, failure, id);
    }
  }
  chunks?.close();
}

/** Chunks of a stream, and its end before it has been read to its own. */
interface Chunks {
  next(): Promise<{ done?: boolean | undefined; value?: Uint8Array | undefined }>;
  close(): void;
}

function chunksOf(stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): Chunks {
  // What fails as it is closed has failed before, or is of no use to anybody any more.
  const ignored = () => undefined;
  if (stream instanceof ReadableStream) {
    const reader = stream.getReader();
    return { next: () => reader.read(), close: () => void reader.cancel().catch(ignored) };
  }
  const iterator = stream[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    close: () => {
      if (stream instanceof Readable) stream.destroy();
      // It need not give a promise, and may throw.
      else
        void Promise.resolve()
          .then(() => iterator.return?.())
          .catch(ignored);
    },
  };
}
