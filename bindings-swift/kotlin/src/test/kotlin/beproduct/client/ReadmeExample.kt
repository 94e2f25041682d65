// The README's example, which has to compile as it stands there: `tests/readme` compares the two. Below it, those of this
// package's README, which `ReadmeTest` compares.
package readme

import beproduct.client.*
import beproduct.client.testing.Answer
import beproduct.client.testing.testClient
import kotlin.time.Duration.Companion.hours

@Suppress("unused")
suspend fun example(clientId: String, clientSecret: String, refreshToken: String, folder: String, numbers: List<String>) {
    BeProduct("acme", RefreshToken(clientId, clientSecret, refreshToken), Plan.businessMax(licenses = 8)).use { client ->
        client.style.list(folderId = folder, filters = listOf("season" eq "Fall"))
            .collect { println(it.headerNumber) }
        val found = client.style.getManyByNumber(numbers)
        println("${found.found.size} found, ${found.missing} missing")
        println("${client.quota.status().remaining} requests left today")
    }
}

@Suppress("unused")
suspend fun quotaExample(credentials: Credentials) {
    val listener = object : QuotaListener {
        override fun notice(event: QuotaEvent) = println("${event.event}: ${event.used} requests of the ${event.window}")

        override fun atLimit(event: QuotaEvent) = if (event.label == "nightly") 12.hours else null
    }
    val plan = Plan.businessMax(licenses = 8, requestsPerMinute = 100, timeZone = "America/New_York")
    BeProduct("acme", credentials, plan, quotaListener = listener).use { client ->
        with(client.quota.status()) { println("$remaining left, $pace an hour, used up at $runsOutAt") }
        client.quota.report(days = 7).byLabel.forEach { println("${it.name}: ${it.requests}") }
        val estimate = client.quota.estimate(listOf(Work("style.list", count = 5_000)))
        if (!estimate.enough) client.quota.changePlan(Plan.enterprise(licenses = 8))
    }
}

suspend fun testingExample() {
    testClient(
        Answer("Style/Header/7", StyleHeader(id = "7", headerName = "Parka")),
        Answer("Style/Folders", status = 503, times = 1),
        Answer("Style/Folders", listOf(Folder(id = "1", name = "Jackets"))),
    ).use { client ->
        check(client.style.get("7").headerName == "Parka")
        check(client.style.folders().single().name == "Jackets")               // the second attempt
    }
}
