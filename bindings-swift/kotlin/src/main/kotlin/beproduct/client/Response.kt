package beproduct.client

/** The result of calls, with how each answer came about. */
class Response<out T>(
    /** The record of a call, or the result of a block of [BeProduct.withResponse]. */
    val body: T,
    /** How each answer of the service came about, in their order. Empty for a method of the client itself. */
    val answers: List<Meta>,
    /** The unchanged body of the last answer. Those of a list's pages: [Page.raw]. */
    val raw: ByteArray,
) {
    /** Makes the response of one call. */
    constructor(body: T, meta: Meta, raw: ByteArray = ByteArray(0)) : this(body, listOf(meta), raw)

    /**
     * How the last answer came about, which is the only one of a single call.
     *
     * @throws NoSuchElementException if [answers] is empty.
     */
    val meta: Meta get() = answers.last()
}
