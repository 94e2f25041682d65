package beproduct.client.testing

import beproduct.client.BeProduct
import beproduct.client.arguments
import beproduct.client.jsonOf
import kotlinx.serialization.json.JsonObject

/**
 * An answer of a [testClient].
 *
 * @property path Path of the request below the company, such as `Style/Folders`, or the whole path, which begins with `/`.
 * Query parameters behind a `?` have to be among those of the request.
 * @property body Body of the answer, which is sent as JSON: a record such as `StyleHeader(id = "7")`, a map, a list or a
 * text. Default: none.
 * @property method Method of the request.
 * @property status Status of the answer, 200 to 599.
 * @property headers Headers of the answer.
 * @property text Body of the answer that is not JSON, instead of [body].
 * @property times How often it answers. Default: always.
 */
data class Answer(
    val path: String,
    val body: Any? = null,
    val method: String = "GET",
    val status: Int = 200,
    val headers: Map<String, String> = emptyMap(),
    val text: String? = null,
    val times: Int? = null,
) {
    internal fun json(name: String) = arguments(
        "path" to path,
        "body" to body?.let { jsonOf("$name.body", it) },
        "method" to method,
        "status" to status,
        "headers" to headers,
        "text" to text,
        "times" to times,
    )
}

/**
 * A client for tests that sends nothing. The first of [answers] that fits a request, and has not answered often enough, is
 * its answer; a request that none fits fails with a [beproduct.client.NetworkException], which names its path.
 *
 * The company is `acme`. Pauses return at once, as on [TestClock.recorded].
 *
 * @throws beproduct.client.ConfigException for an invalid status or header, or a body that has no JSON form.
 */
fun testClient(vararg answers: Answer): BeProduct {
    val table = answers.mapIndexed { index, answer -> answer.json("answers[$index]") }
    return BeProduct.fromSettings(
        arguments(
            "company_domain" to "acme",
            "access_token" to "test",
            "testing" to JsonObject(TestClock.recorded().json + ("answers" to jsonOf("answers", table))),
        ),
    )
}
