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
 * A condition on a field.
 *
 * @property field Id of the field, such as `header_number`.
 * @property value A text, number, boolean or date. A list means any of its values, with [Operator.EQ] and
 * [Operator.CONTAINS] only.
 */
data class Filter(val field: String, val operator: Operator, val value: Any) {
    internal fun json(name: String) =
        arguments("field" to field, "operator" to operator.wire, "value" to jsonOf("$name on $field", value))
}
