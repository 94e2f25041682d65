import { inspect } from 'node:util';

import { parse } from 'lossless-json';

import { ConfigError } from './client/errors.js';
import { DATA } from './client/names.js';

/** Reads JSON text. */
export type Decode = (json: string) => unknown;

/** How numbers arrive: as numbers, or as text where a number would not be exact. */
export type Decimals = 'number' | 'exact';

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const parseWith = JSON.parse as (json: string, reviver: Reviver) => unknown;

// Since Node 21, `JSON.parse` passes the digits of a number as they were written.
const HAS_SOURCE = parseWith('1', (_key, _value, context) => context?.source) === '1';

const exact: Decode = HAS_SOURCE
  ? (json) =>
      parseWith(json, (_key, value, context) =>
        typeof value === 'number' && context?.source !== undefined ? number(context.source) : value,
      )
  : (json) => parse(json, null, { parseNumber: number, onDuplicateKey: ({ newValue }) => newValue });

export const DECODERS: Readonly<Record<Decimals, Decode>> = { number: JSON.parse, exact };

/** What reads JSON; `path` is where `decimals` was given. */
export function decoderOf(decimals: Decimals = 'number', path: string): Decode {
  if (Object.hasOwn(DECODERS, decimals)) return DECODERS[decimals];
  throw new ConfigError({ message: `${path} has to be "number" or "exact", not ${inspect(decimals)}` });
}

/** Whole numbers that a number holds exactly; the digits of all others. */
function number(digits: string): number | string {
  const value = Number(digits);
  return /^-?\d+$/.test(digits) && Number.isSafeInteger(value) ? value : digits;
}

/**
 * A record of the engine under its names here, at any depth: `request_id` as `requestId`. Null is left out.
 *
 * @param named Members of a record that has others too, which stay as they are.
 */
export function fromEngine<T>(value: unknown, named?: readonly string[]): T {
  return renamed(value, named) as T;
}

function renamed(value: unknown, named?: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      if (named && !named.includes(name)) return [[name, member]];
      if (member === null) return [];
      return [[camelCase(name), DATA.has(name) ? member : renamed(member)]];
    }),
  );
}

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
