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
 * A file that is fetched while it is sent: at most 200 MB, without the access token, by https and not from addresses inside
 * a network, unless `settings.allowPrivateSources` says so.
 */
export interface FileUrl {
  /** URL of the file. */
  url: string;
  /** Default: the last segment of the URL. */
  name?: string | undefined;
}

/** A file to upload: a path, a `File`, a name with content, or a URL. */
export type FileInput = string | File | FilePath | FileWithContent | FileUrl;

/** A file that goes with a call beside its arguments. */
export interface Attached {
  content: FileContent;
  length: number | undefined;
}

/** The arguments as JSON can hold them, and the file among them that it cannot. */
export function withoutFile(args: readonly object[]): [readonly object[], Attached | undefined] {
  for (const [index, given] of args.entries()) {
    for (const [name, value] of Object.entries(given ?? {})) {
      const file = fileOf(value);
      if (!file) continue;
      const replaced = { ...given, [name]: { attached: 0, name: file.name } };
      return [args.with(index, replaced), file];
    }
  }
  return [args, undefined];
}

function fileOf(value: unknown): (Attached & { name: string | undefined }) | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isContent(value)) {
    return { content: value, name: value instanceof File ? value.name : undefined, length: undefined };
  }
  const { content, name, length } = value as Partial<FileWithContent>;
  return isContent(content) ? { content, name, length } : undefined;
}

function isContent(value: unknown): value is FileContent {
  return (
    value instanceof Uint8Array ||
    value instanceof Blob ||
    (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
  );
}

/** Gives the file to a call that has not started. Returns what is to run beside the call. */
export function attach(
  engine: native.Engine,
  call: number,
  file: Attached,
  host: Host | undefined,
): () => Promise<void> {
  const { content, length } = file;
  if (content instanceof Uint8Array) {
    engine.attachBytes(call, content);
    return async () => undefined;
  }
  const isBlob = content instanceof Blob;
  engine.attachStream(call, isBlob ? content.size : length, isBlob);
  return () => supply(engine, call, () => (isBlob ? content.stream() : content), host);
}

/** Hands a stream in until nothing more of it is wanted. */
async function supply(
  engine: native.Engine,
  call: number,
  open: () => AsyncIterable<Uint8Array>,
  host: Host | undefined,
): Promise<void> {
  let chunks: AsyncIterator<Uint8Array> | undefined;
  let wanted = await engine.supply(call, 'nothing');
  while (wanted !== 'stop') {
    try {
      if (wanted === 'start') chunks = open()[Symbol.asyncIterator]();
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
  // What is left of it is not read.
  await chunks?.return?.()?.catch(() => undefined);
}
