import { configError } from './errors.js';

/**
 * JSON text of a value. What JSON would change without a word is refused by its path: `NaN` as null, a `Map` as `{}`.
 * An integer of any size keeps its digits; a time has a fraction only if it is not zero.
 */
export function encode(value: object, name: string): string {
  return text(value, name, new Set()) ?? '{}';
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
  if (value instanceof Date) return date(value, path);
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
    if ('toJSON' in value && typeof value.toJSON === 'function') return text(value.toJSON(), path, above);
    if (Object.prototype.toString.call(value) !== '[object Object]') {
      throw configError(`${path} is a ${value.constructor.name}, which JSON cannot hold`);
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

function quoted(value: string, path: string): string {
  if (!value.isWellFormed())
    throw configError(`${path} holds half of a surrogate pair, which is no character`);
  return JSON.stringify(value);
}

function date(value: Date, path: string): string {
  if (Number.isNaN(value.getTime())) throw configError(`${path} is an invalid Date`);
  return JSON.stringify(value.toISOString().replace('.000Z', 'Z'));
}
