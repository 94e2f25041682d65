/** How a filter compares. */
export type Operator = 'Eq' | 'Neq' | 'Gt' | 'Gte' | 'Lt' | 'Lte' | 'Contains';

type Scalar = string | number | bigint | boolean | Date;

/** One condition of a list. */
export interface Filter {
  /** Field id. */
  field: string;
  /** How the field is compared. Default: `Eq`. */
  operator?: Operator | undefined;
  /** What the field is compared with. A list means any of its values, with `Eq` and `Contains`. */
  value: Scalar | readonly Scalar[];
  /** Type of the field, if the service does not recognise it by itself. */
  type?: string | undefined;
}

/** Operators on one field, all of which must hold. A list, with `Eq` and `Contains`, means any of its values. */
export type FilterOperators = {
  readonly [Name in Operator]?: Scalar | (Name extends 'Eq' | 'Contains' ? readonly Scalar[] : never);
};

/**
 * Conditions by field id: `{ season: 'Fall', active: true, ModifiedAt: { Gt: since } }`. A value must be equal, a list
 * means any of its values. `*` is no wildcard: `{ Contains: '...' }` finds a part of a text.
 */
export type FilterMap = Readonly<Record<string, Scalar | readonly Scalar[] | FilterOperators>>;

/** Values by field id. A list keeps the order also of ids that are whole numbers, which an object does not. */
export type Fields = Readonly<Record<string, unknown>> | readonly { id: string; value: unknown }[];

type QueryValue = string | number | bigint | boolean | null | undefined;

/** Query parameters by name. A list repeats the name; null is left out. */
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
