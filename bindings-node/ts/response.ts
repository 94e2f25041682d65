import type { Decode } from './decode.js';
import type { Attempt, Wait } from './errors.js';
import { errorOf, toError } from './failure.js';
import { fromEngine } from './names.js';
import type native from './native.cjs';

/** How an answer came about. */
export interface Meta {
  /** Status of the answer. */
  status: number;
  headers: Headers;
  /** Id of the request: the service's own when it sent one, else the client's. */
  requestId: string;
  attempts: Attempt[];
  waits: Wait[];
  /** The service's figures on its limit of requests, when it sent them. */
  rate?: RateFigures;
  /** Requests that were counted against the quota for this call. */
  cost: number;
}

/** `X-RateLimit-*` of an answer. */
export interface RateFigures {
  /** Requests allowed in the window. */
  limit: number | null;
  /** Requests left in it. */
  remaining: number | null;
  /** End of the window, Unix seconds. */
  reset: number | null;
}

/** An answer with what came with it. */
export interface Response<T> {
  /** The record. Reading it throws a `DecodeError` when the answer cannot be read. */
  body: T;
  meta: Meta;
  /** The body as it came from the service. */
  raw: Buffer;
}

/** The same methods, resolving to the answer with what came with it. Lists tell it of each of their pages. */
export type WithResponse<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => Promise<infer T>
    ? (...args: Args) => Promise<Response<T>>
    : Methods[Name];
};

export function decodeMeta(json: string): Meta {
  const { headers, ...meta } = fromEngine(JSON.parse(json));
  return { ...meta, headers: new Headers(headers as [string, string][]) } as Meta;
}

/** What the answer says. Throws a `DecodeError` when it cannot be read. */
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

/** Adds what the answer says under this name, and its bytes, which are there also when it cannot be read. */
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
