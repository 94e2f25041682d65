package beproduct.client

/** Comparison of a filter. */
enum class Operator(internal val wire: String) {
    /** Equal. */
    EQ("Eq"),

    /** Not equal. */
    NEQ("Neq"),

    /** Greater. */
    GT("Gt"),

    /** Greater or equal. */
    GTE("Gte"),

    /** Less. */
    LT("Lt"),

    /** Less or equal. */
    LTE("Lte"),

    /** Contains the text. */
    CONTAINS("Contains"),
}

/**
 * A condition on a field: `"season" eq "Fall"`, `"ModifiedAt" gte LocalDate.of(2026, 1, 1)`.
 *
 * @property field Id of the field, such as `header_number`.
 * @property value A text, number, boolean or date. A list means any of its values, with [Operator.EQ] and
 * [Operator.CONTAINS] only.
 */
data class Filter(val field: String, val operator: Operator, val value: Any) {
    internal fun json(name: String) =
        arguments("field" to field, "operator" to operator.wire, "value" to jsonOf("$name on $field", value))
}

/** The field with this id equals [value], or any of its values if it is a list. */
infix fun String.eq(value: Any): Filter = Filter(this, Operator.EQ, value)

/** The field with this id does not equal [value]. */
infix fun String.neq(value: Any): Filter = Filter(this, Operator.NEQ, value)

/** The field with this id is greater than [value]. */
infix fun String.gt(value: Any): Filter = Filter(this, Operator.GT, value)

/** The field with this id is greater than [value] or equal. */
infix fun String.gte(value: Any): Filter = Filter(this, Operator.GTE, value)

/** The field with this id is less than [value]. */
infix fun String.lt(value: Any): Filter = Filter(this, Operator.LT, value)

/** The field with this id is less than [value] or equal. */
infix fun String.lte(value: Any): Filter = Filter(this, Operator.LTE, value)

/** The field with this id contains the text [value], or any of its texts if it is a list. */
infix fun String.containing(value: Any): Filter = Filter(this, Operator.CONTAINS, value)
