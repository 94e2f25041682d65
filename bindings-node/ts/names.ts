import { inspect } from 'node:util';

import { configError } from './errors.js';

/**
 * The members of what a caller gave under the engine's names. A name that is not known stays as it is, so that the
 * engine refuses it by the name that the caller wrote.
 */
export function toEngine(given: object, names: Readonly<Record<string, string>>, what: string): object {
  // Not what it holds, which may be secret.
  if (!isRecord(given))
    throw configError(`${what} have to be an object, not ${inspect(given, { depth: -1 })}`);
  const spellings = new Map<string, string>();
  for (const name of Object.keys(given)) {
    const known = Object.hasOwn(names, name) ? (names[name] as string) : name;
    const other = spellings.get(known);
    if (other) throw configError(`${what} hold both ${other} and ${name}, which are the same`);
    spellings.set(known, name);
  }
  return Object.fromEntries(
    Array.from(spellings, ([known, name]) => [known, given[name as keyof typeof given]]),
  );
}

/** The same for what may be no object: the engine refuses that. */
export function renamed(given: unknown, names: Readonly<Record<string, string>>, what: string): unknown {
  return isRecord(given) ? toEngine(given, names, what) : given;
}

/** Whether it is an object with members by name, and no list, Map or the like. */
export function isRecord(given: unknown): given is object {
  return Object.prototype.toString.call(given) === '[object Object]';
}

/** The members of an object of the engine under their names here: `request_id` as `requestId`. Null is left out. */
export function fromEngine(members: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()), value]),
  );
}

/** The same for the objects inside of it. */
export function fromEngineDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromEngineDeep);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(fromEngine(value)).map(([name, member]) => [name, fromEngineDeep(member)]),
  );
}
