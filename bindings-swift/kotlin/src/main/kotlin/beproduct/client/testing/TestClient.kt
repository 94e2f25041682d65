package beproduct.client.testing

import beproduct.client.BeProduct
import beproduct.client.arguments

/**
 * A client for tests that sends nothing. The first of [answers] that fits a request, and has not answered often enough, is
 * its answer; a request that none fits fails with a [beproduct.client.NetworkException], which names its path.
 *
 * The company is `acme`. Pauses return at once, as on [TestClock.recorded].
 *
 * @throws beproduct.client.ConfigException for an invalid status or header, or a body that has no JSON form.
 */
fun testClient(vararg answers: Answer): BeProduct = BeProduct.fromSettings(
    arguments(
        "company_domain" to "acme",
        "access_token" to "test",
        "testing" to TestClock.recorded().json + arguments("answers" to answers.asList()),
    ),
)
