// The native library of this machine. CommonJS in both builds, as only `require` loads an addon.

interface Native {
  Engine: {
    open(settings: string, hooks: string[], host: NativeHost): NativeEngine;
    signIn(settings: string): NativeEngine;
    login(settings: string, options: string): NativeEngine;
  };
  runCommand(args: string[]): number;
  /** The values of a record as an array of ids and values. */
  valuesOf(record: string): string;
  parseEvent(body: Uint8Array): string;
}

interface NativeEngine {
  issueCall(): number;
  cancel(call: number): void;
  /** Gives bytes to a call that has not started. */
  attachBytes(call: number, bytes: Uint8Array): number;
  /** The same of a stream, whose chunks `supply` hands in. */
  attachStream(call: number, replayable: boolean): number;
  /** Hands in a part of the stream: `nothing`, `chunk`, `end` or `failed`. Resolves to what is wanted next. */
  supply(
    call: number,
    what: string,
    chunk?: Uint8Array,
    failure?: string,
    id?: number,
  ): Promise<'start' | 'more' | 'stop'>;
  call(call: number, name: string, args: string, options: string): Promise<NativeReply>;
  stream(call: number, name: string, args: string, options: string): NativeStream;
  child(whom: string): NativeEngine;
  withOptions(options: string): NativeEngine;
  readonly url: string | null;
  close(): Promise<void>;
  advanceClock(seconds: number): void;
}

interface NativeStream {
  next(all: boolean): Promise<NativeReply | null>;
  position(): string;
  consumed(count: number): void;
}

interface NativeReply {
  /** Takes it out; throws when it is not UTF-8. */
  body(): string;
  /** Takes it out. */
  raw(): Buffer;
  unreadable(message: string): string;
  meta(): string;
  total(): number | null;
  records(): number;
}

type NativeHost = (hook: string, payload: string) => Promise<NativeAnswer>;

type NativeAnswer = { answer: string } | { failure: string; id: number };

function load(): Native {
  const target = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;
  // Beside the package when it was built from source, in a package of its own when it was installed.
  for (const place of [`../../beproduct-client.${target}.node`, `beproduct-client-${target}`]) {
    try {
      return require(place) as Native;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(
    `beproduct-client has no native library for ${target}. Either there is none for this platform, ` +
      `or the package manager left the optional dependency beproduct-client-${target} out: install it again.`,
  );
}

const native = load();

namespace native {
  export type Engine = NativeEngine;
  export type Stream = NativeStream;
  export type Reply = NativeReply;
  export type Host = NativeHost;
}

export = native;
