// The README's example, which has to compile as it stands there. `tests/readme` compares the two.
package readme

import beproduct.client.*

@Suppress("unused")
suspend fun example(clientId: String, clientSecret: String, refreshToken: String, folder: String, numbers: List<String>) {
    BeProduct("acme", RefreshToken(clientId, clientSecret, refreshToken), Plan.businessMax(licenses = 8)).use { client ->
        client.style.list(folderId = folder, filters = listOf(Filter("season", Operator.EQ, "Fall")))
            .collect { println(it.headerNumber) }
        val found = client.style.getManyByNumber(numbers)
        println("${found.found?.size} found, ${found.missing} missing")
        println("${client.quota.status().remaining} requests left today")
    }
}
