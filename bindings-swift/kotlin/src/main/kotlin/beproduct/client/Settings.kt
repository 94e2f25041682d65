package beproduct.client

import beproduct.client.testing.TestClock
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.DurationUnit
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
 * @param quotaWait Longest wait for the next day or hour when the requests of this one are used up. Default: fail at once,
 * unless a [QuotaListener] says otherwise.
 * @param quotaLease Requests that are taken from the count at once. Default 1, which is best here: it is for counts that
 * several processes share, and this client counts in memory.
 * @param stateDir Folder for what outlives the client, such as cached schemas. Default: the user's state folder.
 * @param tokenFile File to keep tokens in. Default: they are kept in memory.
 * @param timeout Longest time for one request, from its first turn in the line: its retries, the waits between them and
 * the whole answer. Default 60 s.
 * @param turnTimeout Longest wait for that turn. Default: none, as long as the line moves.
 * @param idleTimeout Longest time without a byte in either direction. Default 30 s.
 * @param connectTimeout Connect timeout, TLS included. Default 10 s.
 * @param attempts Highest number of attempts of a request, 1 to 100. Default 4.
 * @param maxWait Longest standstill, in which no request can be sent because the service asks for a pause or a limit is
 * used up; a longer one is an error at once. Default 60 s.
 * @param maxAnswerSize Largest answer that is read, unpacked, in bytes. Default 256,000,000.
 * @param maxPageSize Highest page size, 1 to 10,000. Default 200, the documented limit of the service.
 * @param concurrency Highest number of requests at the same time, 1 to 10,000; the client finds the best number below it.
 * Default 10.
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
    quotaLease: Long? = null,
    stateDir: Path? = null,
    tokenFile: Path? = null,
    timeout: Duration? = null,
    turnTimeout: Duration? = null,
    idleTimeout: Duration? = null,
    connectTimeout: Duration? = null,
    attempts: Int? = null,
    maxWait: Duration? = null,
    maxAnswerSize: Long? = null,
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
        "quota_lease" to quotaLease,
        "state_dir" to stateDir?.toString(),
        "token_store" to tokenFile?.let { mapOf("file" to it.toString()) },
        "timeout" to timeout?.inSeconds(),
        "turn_timeout" to turnTimeout?.inSeconds(),
        "idle_timeout" to idleTimeout?.inSeconds(),
        "connect_timeout" to connectTimeout?.inSeconds(),
        "attempts" to attempts,
        "max_wait" to maxWait?.inSeconds(),
        "max_answer_size" to maxAnswerSize,
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

internal fun Duration.inSeconds(): Double = toDouble(DurationUnit.SECONDS)
