package beproduct.client

import beproduct.client.testing.TestClock
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** The simulator of `tests/simulator`, one process for all tests, and one with HTTPS for those that need it. */
object Simulator {
    private val binary = Path.of(System.getenv("BEPRODUCT_SIMULATOR") ?: "../../target/ci/beproduct-simulator")
    private val http = HttpClient.newHttpClient()
    private val ready = started()

    /** Where clients keep what they know of the service: nothing of what a simulator told before it began anew. */
    @Volatile private var stateDir = emptyFolder()

    /** What the simulator with HTTPS says of itself; `ca` is the file of its certificate authority. */
    val secure: JsonObject by lazy { started("--tls") }

    private fun started(vararg options: String): JsonObject {
        check(Files.isExecutable(binary)) {
            "there is no simulator at $binary: cargo build --profile ci -p beproduct-simulator"
        }
        val command = listOf(binary.toString(), "--until-stdin-closes", "--styles", "20", "--table-rows", "20")
        val process = ProcessBuilder(command + options).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        Runtime.getRuntime().addShutdownHook(Thread { process.outputStream.close() })
        return Json.parseToJsonElement(process.inputReader().readLine()).jsonObject
    }

    /** Begins anew. Sizes and limits that are not given are those of the command line above. */
    fun reset(changes: String = "{}") {
        post("reset", changes)
        stateDir = emptyFolder()
    }

    private fun emptyFolder(): Path = Files.createTempDirectory(Path.of("target"), "state")

    fun address(name: String, at: JsonObject = ready): String = at.getValue(name).jsonPrimitive.content

    fun credentials(at: JsonObject = ready): Credentials =
        RefreshToken(address("client_id", at), address("client_secret", at), address("refresh_token", at))

    fun settings(
        at: JsonObject = ready,
        clock: TestClock? = null,
        caCertificates: String? = null,
        scope: String? = null,
        accessTokenInQuery: Boolean? = null,
    ): Settings = Settings(
        apiUrl = address("api", at),
        automationUrl = address("automation", at),
        identityUrl = address("identity", at),
        scope = scope,
        accessTokenInQuery = accessTokenInQuery,
        stateDir = stateDir,
        caCertificates = caCertificates,
        clock = clock,
    )

    fun client(
        plan: Plan? = null,
        clock: TestClock? = null,
        tokenStore: TokenStorage? = null,
        logSink: LogSink? = null,
        quotaListener: QuotaListener? = null,
        credentials: Credentials = credentials(),
        settings: Settings = settings(clock = clock),
    ): BeProduct {
        val company = address("company")
        return BeProduct(company, credentials, plan, tokenStore, logSink ?: Transcript.sink, quotaListener, settings)
    }

    /** A client that acts for this user. */
    fun actingAs(user: String, client: BeProduct): BeProduct =
        client.actingAs(address(user), address("impersonation_client_id"), address("impersonation_client_secret"))

    /** Rules that pick requests, see the simulator's README. */
    fun faults(rules: String) {
        post("faults", rules)
    }

    /** Makes a file of the storage, and returns its link. */
    fun makeFile(name: String, length: Int): String =
        post("files", """{"name": "$name", "length": $length}""").jsonObject.getValue("link").jsonPrimitive.content

    /** Lets requests that hang go on. */
    fun release() {
        post("release", "{}")
    }

    /** Ends the `access` tokens, or `all`. */
    fun expireTokens(which: String = "access") {
        post("tokens", """{"expire": "$which"}""")
    }

    /** Makes ID tokens wrong in this way. */
    fun attack(kind: String) {
        post("attack", """{"kind": "$kind"}""")
    }

    /** A sign-in that has begun. */
    fun session(
        client: String,
        responseType: ResponseType = ResponseType.CODE,
        pkce: Boolean = true,
    ): AuthorizationSession = AuthorizationSession(
        address(client),
        address("redirect_uri"),
        clientSecret = address("client_secret").takeIf { client == "client_id" },
        responseType = responseType,
        pkce = pkce,
        settings = settings(),
    )

    /** The tokens of a person who signs in to an application without a secret. */
    suspend fun tokens(): Tokens = session("public_client_id").use { it.finish(signIn(it.url)) }

    /** Signs a person in, and returns where they are sent back to. */
    fun signIn(url: String): String =
        post("authorize", """{"url": "$url"}""").jsonObject.getValue("redirect").jsonPrimitive.content

    /** How a browser is answered at this address. */
    fun visit(url: String): Int =
        http.send(HttpRequest.newBuilder(URI(url)).build(), HttpResponse.BodyHandlers.discarding()).statusCode()

    /** Returns when so many requests have arrived. */
    fun awaitRequests(count: Int, base: String = "api") {
        get("wait?base=$base&requests=$count")
    }

    fun requests(base: String = "api"): Int = get("counts").jsonObject.getValue(base).jsonPrimitive.int

    fun log(base: String = "api"): List<JsonObject> = get("log?base=$base").jsonArray.map { it.jsonObject }

    /** The simulator notices a closed connection a moment after the client has closed it. */
    fun awaitClosedByClient(target: String, base: String = "api") {
        val start = TimeSource.Monotonic.markNow()
        val isClosed = { entry: JsonObject ->
            target in entry.getValue("target").jsonPrimitive.content &&
                entry.getValue("closed_by_client").jsonPrimitive.boolean
        }
        while (log(base).none(isClosed)) {
            check(start.elapsedNow() < 10.seconds) { "the request to $target is still open" }
        }
    }

    private fun get(path: String): JsonElement = send(request(path).GET().build())

    private fun post(path: String, body: String): JsonElement =
        send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build())

    private fun request(path: String) = HttpRequest.newBuilder(URI("${address("control")}/$path"))

    private fun send(request: HttpRequest): JsonElement {
        val response = http.send(request, HttpResponse.BodyHandlers.ofString())
        check(response.statusCode() == 200) { "${request.uri()}: ${response.statusCode()} ${response.body()}" }
        return if (response.body().isEmpty()) JsonNull else Json.parseToJsonElement(response.body())
    }
}
