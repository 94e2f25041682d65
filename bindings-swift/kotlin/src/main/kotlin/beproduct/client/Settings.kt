package beproduct.client

import beproduct.client.testing.TestClock
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.DurationUnit
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject

/**
 * Settings of a client that have defaults. They are checked when the client is made, which throws a [ConfigException]
 * for one that is wrong.
 *
 * @param apiUrl Host of the API. Default: `https://developers.beproduct.com`.
 * @param automationUrl Host of the automation API. Default: `https://automation.beproduct.com`.
 * @param identityUrl Base address of the identity server. Default: `https://id.winks.io/ids`.
 * @param tokenEndpoint Address of the token endpoint, where it is not `connect/token` below [identityUrl].
 * @param scope Scopes to ask for, separated by blanks, with [ClientCredentials], for [BeProduct.actingAs], and in an
 * [AuthorizationSession] that has none of its own. Default: all that this client needs.
 * @param accessTokenInQuery Sends the access token of GETs to the API in the query and not in a header. Addresses end
 * up in the logs of proxies, tokens and all: only for a network that lets no header pass. Default false.
 * @param quotaFloor Requests of the day that calls of [Priority.BULK] leave alone. Default 0.
 * @param quotaWait Longest wait for the next day when the requests of the day are used up. Default: fail at once.
 * @param stateDir Folder for what outlives the client, such as cached schemas. Default: the user's state folder.
 * @param tokenFile File to keep tokens in. Default: they are kept in memory.
 * @param timeout Longest time for one request with its retries and waits. Default 60 s.
 * @param attemptTimeout Longest time for one attempt. Default 30 s.
 * @param connectTimeout Longest time until a connection stands. Default 10 s.
 * @param attempts Highest number of attempts of a request. Default 4.
 * @param maxWait Longest single pause that the service may impose. Default 60 s.
 * @param maxPageSize Highest page size. Default 200, the documented limit of the service.
 * @param concurrency Highest number of requests at the same time. Default 10.
 * @param checkFilters Whether filter fields are checked before sending. Default true.
 * @param additionalHeaders Headers for every request of the API. Default: none.
 * @param caCertificates PEM text of certificate authorities to trust besides those of the machine. Default: none.
 * @param clock For tests: the clock that the client runs on. Default: the machine's.
 */
class Settings(
    apiUrl: String? = null,
    automationUrl: String? = null,
    identityUrl: String? = null,
    tokenEndpoint: String? = null,
    scope: String? = null,
    accessTokenInQuery: Boolean? = null,
    quotaFloor: Long? = null,
    quotaWait: Duration? = null,
    stateDir: Path? = null,
    tokenFile: Path? = null,
    timeout: Duration? = null,
    attemptTimeout: Duration? = null,
    connectTimeout: Duration? = null,
    attempts: Int? = null,
    maxWait: Duration? = null,
    maxPageSize: Int? = null,
    concurrency: Int? = null,
    checkFilters: Boolean? = null,
    additionalHeaders: Map<String, String>? = null,
    caCertificates: String? = null,
    clock: TestClock? = null,
) {
    /** By the core's names. It checks the values, and has the defaults. */
    internal val json: JsonObject = arguments(
        "api_url" to apiUrl,
        "automation_url" to automationUrl,
        "identity_url" to identityUrl,
        "token_endpoint" to tokenEndpoint,
        "scope" to scope,
        "access_token_in_query" to accessTokenInQuery,
        "quota_floor" to quotaFloor,
        "quota_wait" to quotaWait?.inSeconds(),
        "state_dir" to stateDir?.toString(),
        "token_store" to tokenFile?.let { mapOf("file" to it.toString()) },
        "timeout" to timeout?.inSeconds(),
        "attempt_timeout" to attemptTimeout?.inSeconds(),
        "connect_timeout" to connectTimeout?.inSeconds(),
        "attempts" to attempts,
        "max_wait" to maxWait?.inSeconds(),
        "max_page_size" to maxPageSize,
        "concurrency" to concurrency,
        "check_filters" to checkFilters,
        "additional_headers" to additionalHeaders,
        "ca_certificates" to caCertificates,
        "testing" to clock?.json,
    )

    /** Names only: a header may carry a secret. */
    override fun toString(): String = "Settings${json.keys}"
}

/** What a company has bought: how many requests a day may be sent. */
class Plan private constructor(private val name: String, internal val json: JsonElement) {
    override fun toString(): String = name

    companion object {
        /** 2,000 requests a day, or 250 for each of the [licenses], the user licences, if that is lower. */
        fun businessMax(licenses: Int): Plan =
            Plan("Plan.businessMax($licenses)", arguments("edition" to "business_max", "licenses" to licenses))

        /** 25,000 requests a day, or 500 for each of the [licenses], the user licences, if that is lower. */
        fun enterprise(licenses: Int): Plan =
            Plan("Plan.enterprise($licenses)", arguments("edition" to "enterprise", "licenses" to licenses))

        /** An explicit [limit], from 0. */
        fun requestsPerDay(limit: Long): Plan =
            Plan("Plan.requestsPerDay($limit)", arguments("requests_per_day" to limit))

        /** Requests are counted and none is refused. */
        fun unlimited(): Plan = Plan("Plan.unlimited()", JsonNull)
    }
}

internal fun Duration.inSeconds(): Double = toDouble(DurationUnit.SECONDS)
