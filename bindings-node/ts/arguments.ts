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
