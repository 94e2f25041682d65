import { type Decode, fromEngine } from './decode.js';
import { errorOf, toError } from './failure.js';
import type native from './native.cjs';
import type { Meta } from './records/history.js';

/** An answer of the service. */
export interface Response<T> {
  /** The parsed record. Reading it throws a `DecodeError` if the answer cannot be parsed. */
  body: T;
  /** How the answer came about. */
  meta: Meta;
  /** The body as it came from the service. */
  raw: Buffer;
}

/**
 * The same methods, which resolve to a {@link Response}. Those of lists are unchanged, as each page has its `meta`, and so is
 * `withLock`, which resolves to what the work returns.
 */
export type WithResponse<Methods> = {
  readonly [Name in keyof Methods]: Name extends 'withLock'
    ? Methods[Name]
    : Methods[Name] extends (...args: infer Args) => Promise<infer T>
      ? (...args: Args) => Promise<Response<T>>
      : Methods[Name];
};

export function decodeMeta(json: string): Meta {
  const { headers, ...meta } = JSON.parse(json);
  return { ...fromEngine<Omit<Meta, 'headers'>>(meta), headers: new Headers(headers) };
}

/** The parsed answer. Throws a `DecodeError` if it cannot be parsed. */
export function bodyOf(reply: native.Reply, decode: Decode): unknown {
  try {
    return decode(reply.body());
  } catch (error) {
    const known = toError(error);
    if (known !== error) throw known;
    // What the parser says holds a part of the answer.
    const reason = error instanceof SyntaxError ? 'it is not valid JSON' : String(error);
    throw errorOf(reply.unreadable(`the answer could not be read: ${reason}`));
  }
}

/** Adds the parsed answer under this name, and its bytes, which are there also if it cannot be parsed. */
export function withBody<Answer>(reply: native.Reply, decode: Decode, name: string, answer: object): Answer {
  let member: PropertyDescriptor;
  try {
    member = { value: bodyOf(reply, decode), writable: true };
  } catch (error) {
    const get = () => {
      throw error;
    };
    member = { get };
  }
  const body = Object.defineProperty({}, name, { ...member, enumerable: true, configurable: true });
  return Object.assign(body, answer, { raw: reply.raw() }) as Answer;
}
