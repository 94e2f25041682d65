/** How a filter compares. */
export type Operator = 'Eq' | 'Neq' | 'Gt' | 'Gte' | 'Lt' | 'Lte' | 'Contains';

type Scalar = string | number | bigint | boolean | Date;

/** One condition of a list. */
export interface Filter {
  /** Field id. */
  field: string;
  /** Default `Eq`. */
  operator?: Operator | undefined;
  /** A list means any of its values, with `Eq` and `Contains`. */
  value: Scalar | readonly Scalar[];
  /** Type of the field, for those that the service does not recognise by themselves. */
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

/** Values by field id. The list keeps an order that an object does not: ids that look like whole numbers. */
export type Fields = Readonly<Record<string, unknown>> | readonly { id: string; value: unknown }[];

/** A colorway to change or to add. */
export interface ColorwayChange {
  /** Colorway to change; none adds one. */
  id?: string | null | undefined;
  fields?: Fields | undefined;
  imageHeaderId?: string | undefined;
  unlinkImage?: boolean | undefined;
  colorSourceId?: string | undefined;
}

type QueryValue = string | number | bigint | boolean | null | undefined;

/** Query parameters by name. A list repeats the name, null leaves it out. */
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
