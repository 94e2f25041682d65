import type { Attempt, Wait } from './errors.js';
import { fromEngine } from './names.js';

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
