package beproduct.client

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/**
 * A client for one company of the BeProduct PLM service.
 *
 * It signs in by itself, keeps the limits of the service, and repeats requests where that is safe. One client serves the
 * whole program; its functions may be called from any thread.
 *
 * ```
 * BeProduct("acme", RefreshToken("my-app", "secret", refreshToken), Plan.businessMax(licenses = 8)).use { client ->
 *     client.style.list(folderId = folder).collect { println(it.headerNumber) }
 * }
 * ```
 *
 * Every function that sends something throws a [BeProductException] if it fails.
 */
class BeProduct private constructor(private val name: String, private val seam: Seam) :
    Resources(seam),
    AutoCloseable {
    /**
     * Makes a client. Nothing is sent.
     *
     * @param companyDomain The part of the web address after the host name, once signed in: `acme`.
     * @param credentials How the client signs in: [RefreshToken], [StoredSignIn], [AccessToken] or [ClientCredentials].
     * @param plan What the company bought. Default: requests are counted and none is refused.
     * @param tokenStore Where tokens are kept: a [TokenFile] or a [TokenStore] of the program. Default: in memory.
     * @param logSink Receives log lines. Default: none.
     * @param quotaListener Receives events of the quota, and decides what a call does at a limit. Default: none; such a call
     * fails unless `Settings.quotaWait` lets it wait.
     * @param settings All other settings.
     * @throws ConfigException if a setting is missing or invalid.
     */
    constructor(
        companyDomain: String,
        credentials: Credentials,
        plan: Plan? = null,
        tokenStore: TokenStorage? = null,
        logSink: LogSink? = null,
        quotaListener: QuotaListener? = null,
        settings: Settings = Settings(),
    ) : this(
        companyDomain,
        Seam.client(
            arguments("company_domain" to companyDomain, "plan" to plan?.json) + credentials.json + settings.json,
            tokenStore,
            logSink,
            quotaListener,
        ),
    )

    /**
     * Calls an operation by its name.
     *
     * @param operation Its id, `style.attributes_get`, or its short name, `style.get`.
     * @param arguments By their names in the catalogue: `header_id`. Default: none.
     * @param options Default: the client's settings.
     * @return The answer as JSON, with how it came about.
     * @throws ConfigException if the operation is unknown, or an argument is missing, wrong or unknown.
     */
    suspend fun call(
        operation: String,
        arguments: JsonObject = Seam.NONE,
        options: CallOptions = CallOptions(),
    ): Response<JsonElement> = seam.response(operation, arguments, options)

    /**
     * The records of a list operation by its name. Nothing is sent before they are collected.
     *
     * @param operation Its id, `style.attributes_list`, or its short name, `style.list`.
     * @param arguments By their names in the catalogue: `folder_id`. Default: none.
     * @param options Default: the client's settings.
     * @return The records as JSON. Collecting them throws what [call] throws.
     */
    fun stream(
        operation: String,
        arguments: JsonObject = Seam.NONE,
        options: CallOptions = CallOptions(),
    ): Paged<JsonElement> = seam.list(operation, arguments, options)

    /**
     * The result of a call, with how the answer came about.
     *
     * ```
     * val response = client.withResponse { style.get(id) }
     * println("${response.body.headerName} took ${response.meta.attempts.size} attempts")
     * println(response.raw.decodeToString())
     * ```
     *
     * It covers all calls of the service within [block], in its coroutine and its children, except
     * [Paged.collectAll]: collect [Paged.pages] instead.
     *
     * @param block Makes one or more calls.
     * @return What [block] returned, with how each answer came about.
     * @throws IllegalStateException if the block made no call.
     */
    suspend fun <T> withResponse(block: suspend BeProduct.() -> T): Response<T> {
        val recorder = ReplyRecorder()
        return recorder.response(recorder.during { block() })
    }

    /**
     * A client that acts for another user of the company. The person who is signed in here has to be an administrator of
     * the company, and the user has to be registered there as PRIVATE.
     *
     * Its calls wait for a token of that user. They fail if the identity server issues none; no call is made as the
     * administrator. It shares quota, connections and log with this client, and is closed with it; closing it leaves
     * this client open. Nothing is sent yet.
     *
     * @param userId Id of the user.
     * @param clientId Id of the application that is registered for acting for others, from the vendor.
     * @param clientSecret Secret of that application.
     * @throws ConfigException if an argument is empty, or if this client acts for another user itself.
     */
    fun actingAs(userId: String, clientId: String, clientSecret: String): BeProduct {
        val whom = arguments("user_id" to userId, "client_id" to clientId, "client_secret" to clientSecret)
        return BeProduct("$name, acting as $userId", seam.actingAs(whom))
    }

    /**
     * The same client with options for all of its calls. The options of a call win, one by one. It shares everything with
     * this client; closing one closes both.
     *
     * ```
     * val nightly = client.withOptions(CallOptions(label = "nightly", priority = Priority.BULK))
     * ```
     *
     * @throws ConfigException for an invalid option.
     */
    fun withOptions(options: CallOptions): BeProduct = BeProduct(name, seam.withOptions(options))

    /**
     * Ends all calls with [CallCancelledException]; later calls fail with [ClientClosedException]. It waits until the
     * [TokenStore], the [LogSink] and the [QuotaListener] have received everything, 5 seconds at most, and then releases
     * them. May be repeated.
     */
    override fun close(): Unit = seam.close()

    override fun toString(): String = "BeProduct($name)"

    internal fun advanceClock(seconds: Double): Unit = seam.advanceClock(seconds)

    companion object {
        /**
         * Makes a client from settings by the names that they have in every language, such as `company_domain` and
         * `refresh_token`: for settings of a file or of the environment. Nothing is sent.
         *
         * @param settings `company_domain` and credentials are required. Durations are in seconds.
         * @param tokenStore Where tokens are kept. Default: as in [settings], else in memory.
         * @param logSink Receives log lines. Default: none.
         * @param quotaListener Receives events of the quota, and decides what a call does at a limit. Default: none.
         * @throws ConfigException if a setting is missing, invalid or unknown.
         */
        fun fromSettings(
            settings: JsonObject,
            tokenStore: TokenStorage? = null,
            logSink: LogSink? = null,
            quotaListener: QuotaListener? = null,
        ): BeProduct = BeProduct(
            "${(settings["company_domain"] as? JsonPrimitive)?.content}",
            Seam.client(settings, tokenStore, logSink, quotaListener),
        )
    }
}
