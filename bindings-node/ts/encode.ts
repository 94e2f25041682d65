import { inspect, types } from 'node:util';

import { ConfigError } from './client/errors.js';
import { DATA as DATA_NAMES, FILTERS, NAMES as GENERATED } from './client/names.js';

/** The engine's names, also of what the catalogue does not have. */
const NAMES = new Map([
  ...GENERATED,
  ['freePort', 'free_port'],
  ['openBrowser', 'open_browser'],
  ['userId', 'user_id'],
  ['whenAway', 'when_away'],
]);

// What a test answers is data too.
const DATA = new Set([...DATA_NAMES, 'answers']);

/**
 * Whose names members have: the client's at any depth, the client's in arguments whose values are data, or data's own. A
 * condition of a filter may not be undefined: left out, it would return every record.
 */
type Names = 'own' | 'arguments' | 'data' | 'conditions';

/** Settings, options and the like as the engine reads them. A name that is not known stays: the engine refuses it. */
export function encode(value: unknown, path: string): string {
  return new Encoder().text(value, path, 'own') ?? 'null';
}

/** Data, whose names are its own. */
export function encodeData(value: unknown, path: string): string {
  return new Encoder().text(value, path, 'data') ?? 'null';
}

/** Arguments as the engine reads them, from several objects; `names` are those of their members. */
export function encodeArguments(given: readonly object[], names: Names = 'arguments'): string {
  const entries = given.flatMap((args) => {
    if (isRecord(args)) return Object.entries(args);
    return refuse(`arguments have to be an object, not ${inspect(args, { depth: -1 })}`);
  });
  return new Encoder(true).members(entries, 'arguments', names);
}

/**
 * Writes JSON. What JSON would silently change is refused by its path: `NaN` as null, a `Map` as `{}`. An integer of any
 * size keeps its digits; a time has a fraction only if it is not zero.
 */
class Encoder {
  /** Objects that are being written: none may hold itself. */
  readonly #above = new Set<object>();
  /** Whether a time that may stand for a day keeps its zone. */
  readonly #keepsZones: boolean;

  constructor(keepsZones = false) {
    this.#keepsZones = keepsZones;
  }

  /** Undefined for what is to be left out. */
  text(value: unknown, path: string, names: Names): string | undefined {
    if (value === undefined) return undefined;
    if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
    if (typeof value === 'string') return quoted(value, path);
    if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
    if (typeof value === 'number') return refuse(`${path} is ${value}, which JSON cannot hold`);
    if (typeof value !== 'object') return refuse(`${path} is a ${typeof value}, which JSON cannot hold`);
    // Also one of another realm, such as a test runner's.
    if (types.isDate(value)) return date(value, path, this.#keepsZones);
    if (this.#above.has(value)) return refuse(`${path} holds itself`);
    this.#above.add(value);
    try {
      return this.#object(value, path, names);
    } finally {
      this.#above.delete(value);
    }
  }

  #object(value: object, path: string, names: Names): string | undefined {
    if (Array.isArray(value)) {
      // Not `map`, which skips what is missing.
      const items = Array.from(value, (item, index) => {
        const place = `${path}[${index}]`;
        return this.text(item, place, names) ?? refuse(`${place} is undefined: leave it out, or give null`);
      });
      return `[${items.join()}]`;
    }
    if ('toJSON' in value && typeof value.toJSON === 'function' && !ArrayBuffer.isView(value)) {
      // Null comes from an invalid date of another library, and would clear a field.
      return this.text(
        value.toJSON() ?? refuse(`${path} is a ${kindOf(value)} without a value`),
        path,
        names,
      );
    }
    if (!isRecord(value)) return refuse(`${path} is a ${kindOf(value)}, which JSON cannot hold`);
    return this.members(Object.entries(value), path, names);
  }

  members(entries: [string, unknown][], path: string, names: Names): string {
    const written = new Map<string, string>();
    for (const [given, value] of entries) {
      const isNamed = names === 'own' || names === 'arguments';
      const name = isNamed ? (NAMES.get(given) ?? given) : given;
      const member = this.text(value, `${path}.${given}`, inner(names, name, value));
      if (member === undefined && names === 'conditions') {
        refuse(`${path}.${given} is undefined: leave the condition out, or give a value`);
      }
      if (member === undefined) continue;
      if (written.has(name)) refuse(`${path}.${given} is given twice`);
      written.set(name, `${quoted(name, `a name in ${path}`)}:${member}`);
    }
    return `{${[...written.values()].join()}}`;
  }
}

/** Whose names the members of a member have. */
function inner(names: Names, name: string, value: unknown): Names {
  if (names === 'own') return DATA.has(name) ? 'data' : 'own';
  const isFilter = names === 'arguments' && FILTERS.has(name);
  return (isFilter || names === 'conditions') && isRecord(value) ? 'conditions' : 'data';
}

function isRecord(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** `Map` of an object of that class. */
function kindOf(value: object): string {
  return value.constructor?.name ?? Object.prototype.toString.call(value).slice(8, -1);
}

function quoted(value: string, path: string): string {
  if (!value.isWellFormed()) refuse(`${path} holds half of a surrogate pair, which is no character`);
  return JSON.stringify(value);
}

/**
 * In UTC. In arguments, the beginning of a day of this machine's zone may stand for the day, which may be another one in UTC:
 * it keeps its zone, and what it is for decides in which form it is sent.
 */
function date(value: Date, path: string, keepsZones: boolean): string {
  if (Number.isNaN(value.getTime())) refuse(`${path} is an invalid Date`);
  const utc = value.toISOString().replace('.000Z', 'Z');
  // Not midnight where the clocks leave that out.
  const begins = new Date(value.getTime() - 1).getDate() !== value.getDate();
  if (!keepsZones || !begins || utc.endsWith('T00:00:00Z')) return JSON.stringify(utc);
  return JSON.stringify({ '\0zoned': zoned(value) });
}

/** `2026-05-01T00:00:00+02:00`. */
function zoned(value: Date): string {
  // The same clock in UTC.
  const local = new Date(0);
  local.setUTCFullYear(value.getFullYear(), value.getMonth(), value.getDate());
  local.setUTCHours(value.getHours(), value.getMinutes(), value.getSeconds());
  // Zones of old have seconds.
  const seconds = (local.getTime() - value.getTime()) / 1000;
  const parts = [3600, 60, 1].map((unit) => Math.trunc(Math.abs(seconds) / unit) % (unit === 3600 ? 24 : 60));
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, '0'));
  const zone = `${seconds < 0 ? '-' : '+'}${hours}:${minutes}${rest === '00' ? '' : `:${rest}`}`;
  return `${local.toISOString().slice(0, -'.000Z'.length)}${zone}`;
}

function refuse(message: string): never {
  throw new ConfigError({ message });
}
