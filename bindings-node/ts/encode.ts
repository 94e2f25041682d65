import { types } from 'node:util';

import { configError } from './errors.js';

/**
 * JSON text of a value. What JSON would silently change is refused by its path: `NaN` as null, a `Map` as `{}`.
 * An integer of any size keeps its digits; a time has a fraction only if it is not zero.
 */
export function encode(value: unknown, name: string): string {
  return text(value, name, new Set()) ?? 'null';
}

/** Undefined for what is to be left out. */
function text(value: unknown, path: string, above: Set<object>): string | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined;
    case 'boolean':
      return String(value);
    case 'string':
      return quoted(value, path);
    case 'bigint':
      return value.toString();
    case 'number':
      if (!Number.isFinite(value)) throw configError(`${path} is ${value}, which JSON cannot hold`);
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : object(value, path, above);
    default:
      throw configError(`${path} is a ${typeof value}, which JSON cannot hold`);
  }
}

function object(value: object, path: string, above: Set<object>): string | undefined {
  // Also one of another realm, such as a test runner's.
  if (types.isDate(value)) return date(value, path);
  if (ArrayBuffer.isView(value)) throw configError(`${path} is a ${kindOf(value)}, which JSON cannot hold`);
  if (above.has(value)) throw configError(`${path} holds itself`);
  above.add(value);
  try {
    if (Array.isArray(value)) {
      // Not `map`, which skips what is missing.
      const items = Array.from(value, (item, index) => {
        const place = `${path}[${index}]`;
        const written = text(item, place, above);
        if (written === undefined) throw configError(`${place} is undefined: leave it out, or give null`);
        return written;
      });
      return `[${items.join()}]`;
    }
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      const json = value.toJSON();
      // As of a date of another library that is invalid: null would clear a field.
      if (json === null || json === undefined)
        throw configError(`${path} is a ${kindOf(value)} without a value`);
      return text(json, path, above);
    }
    if (Object.prototype.toString.call(value) !== '[object Object]') {
      throw configError(`${path} is a ${kindOf(value)}, which JSON cannot hold`);
    }
    const members = Object.entries(value).flatMap(([key, member]) => {
      const written = text(member, `${path}.${key}`, above);
      return written === undefined ? [] : [`${quoted(key, `a name in ${path}`)}:${written}`];
    });
    return `{${members.join()}}`;
  } finally {
    above.delete(value);
  }
}

/** `Map` of an object of that class. */
function kindOf(value: object): string {
  return value.constructor?.name ?? Object.prototype.toString.call(value).slice(8, -1);
}

function quoted(value: string, path: string): string {
  if (!value.isWellFormed())
    throw configError(`${path} holds half of a surrogate pair, which is no character`);
  return JSON.stringify(value);
}

function date(value: Date, path: string): string {
  if (Number.isNaN(value.getTime())) throw configError(`${path} is an invalid Date`);
  return JSON.stringify(value.toISOString().replace('.000Z', 'Z'));
}
