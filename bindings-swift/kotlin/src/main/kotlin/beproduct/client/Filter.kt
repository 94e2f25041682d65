package beproduct.client

/**
 * A condition on a field: `"season" eq "Fall"`, `"ModifiedAt" gte LocalDate.of(2026, 1, 1)`.
 *
 * @property field Id of the field, such as `header_number`.
 * @property operator Comparison, as the service names it: `Eq`, `Neq`, `Gt`, `Gte`, `Lt`, `Lte` or `Contains`.
 * @property value A text, number, boolean or date. A list means any of its values, with `Eq` and `Contains` only.
 */
data class Filter(val field: String, val operator: String, val value: Any) {
    internal fun json(name: String) =
        arguments("field" to field, "operator" to operator, "value" to jsonOf("$name on $field", value))
}

/** The field with this id equals [value], or any of its values if it is a list. */
infix fun String.eq(value: Any): Filter = Filter(this, "Eq", value)

/** The field with this id does not equal [value]. */
infix fun String.neq(value: Any): Filter = Filter(this, "Neq", value)

/** The field with this id is greater than [value]. */
infix fun String.gt(value: Any): Filter = Filter(this, "Gt", value)

/** The field with this id is greater than [value] or equal. */
infix fun String.gte(value: Any): Filter = Filter(this, "Gte", value)

/** The field with this id is less than [value]. */
infix fun String.lt(value: Any): Filter = Filter(this, "Lt", value)

/** The field with this id is less than [value] or equal. */
infix fun String.lte(value: Any): Filter = Filter(this, "Lte", value)

/** The field with this id contains the text [value], or any of its texts if it is a list. */
infix fun String.containing(value: Any): Filter = Filter(this, "Contains", value)
