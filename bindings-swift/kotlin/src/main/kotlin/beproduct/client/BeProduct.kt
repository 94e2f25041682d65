package beproduct.client

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/**
 * A client for one company of the BeProduct PLM service.
 *
 * It signs in by itself, keeps to the limits of the service, and sends again what may be sent again. One client serves
 * the whole program; all its functions may be called from any thread.
 *
 * ```
 * BeProduct("acme", RefreshToken("my-app", "secret", refreshToken), Plan.businessMax(licenses = 8)).use { client ->
 *     client.style.list(folderId = folder).collect { println(it.headerNumber) }
 * }
 * ```
 *
 * Every function that sends something throws a [BeProductException] when it fails.
 */
class BeProduct private constructor(private val name: String, private val seam: Seam) :
    Resources(seam),
    AutoCloseable {
    private constructor(
        settings: JsonObject,
        tokenStore: TokenStore?,
        logSink: LogSink?,
        quotaListener: QuotaListener?,
    ) : this(
        "${(settings["company_domain"] as? JsonPrimitive)?.content}",
        Seam.client(settings, HostCode(tokenStore, logSink, quotaListener)),
    )

    /**
     * Makes a client. Nothing is sent.
     *
     * @param companyDomain What follows the host name in the browser when signed in: `acme`.
     * @param credentials How the client signs in: [RefreshToken], [StoredSignIn], [AccessToken] or [ClientCredentials].
     * @param plan What the company has bought: how many requests may be sent. Default: requests are counted and
     * none is refused.
     * @param tokenStore Keeps tokens beyond the life of the client. Default: the file of [settings], else memory.
     * @param logSink Takes what the client tells about its work. Default: nobody does.
     * @param quotaListener Takes events of the quota, and decides what a call does at a limit. Default: nobody does, and
     * the call fails unless `quotaWait` of [settings] lets it wait.
     * @param settings Everything else, with defaults for all of it.
     * @throws ConfigException when a setting is missing or wrong.
     */
    constructor(
        companyDomain: String,
        credentials: Credentials,
        plan: Plan = Plan.unlimited(),
        tokenStore: TokenStore? = null,
        logSink: LogSink? = null,
        quotaListener: QuotaListener? = null,
        settings: Settings = Settings(),
    ) : this(
        JsonObject(
            mapOf("company_domain" to JsonPrimitive(companyDomain), "plan" to plan.setting, "user_agent" to userAgent) +
                credentials.json + settings.json,
        ),
        tokenStore,
        logSink,
        quotaListener,
    )

    /** The requests of the day. */
    val quota: Quota = Quota(seam)

    /** The sign-in: who it is, and how to end it. */
    val auth: Auth = Auth(seam)

    /**
     * Calls an operation whose name is not known beforehand.
     *
     * @param operation Its id, `style.attributes_get`, or its short name, `style.get`.
     * @param arguments By their names in the catalogue: `header_id`. Default: none.
     * @param options Default: the client's settings.
     * @return The answer, as data, with how it came about.
     * @throws ConfigException when the operation is unknown, or an argument is missing, wrong or unknown.
     * @throws BeProductException when the call fails; its class tells why.
     */
    suspend fun call(
        operation: String,
        arguments: JsonObject = JsonObject(emptyMap()),
        options: CallOptions = CallOptions(),
    ): Reply = seam.reply(operation, arguments, options)

    /**
     * The records of a list operation whose name is not known beforehand. Nothing is sent before they are collected.
     *
     * @param operation Its id, `style.attributes_list`, or its short name, `style.list`.
     * @param arguments By their names in the catalogue: `folder_id`. Default: none.
     * @param options Default: the client's settings.
     * @return The records. Collecting them throws what [call] throws.
     */
    fun pages(
        operation: String,
        arguments: JsonObject = JsonObject(emptyMap()),
        options: CallOptions = CallOptions(),
    ): Paged<JsonElement> = seam.list(operation, arguments, options)

    /**
     * What a call returns, with how it came about.
     *
     * ```
     * val response = client.withResponse { style.get(id) }
     * println("${response.body.headerName} took ${response.meta.attempts.size} attempts")
     * println(response.raw.decodeToString())
     * ```
     *
     * All calls that are made within [block], in its coroutine and its children, are reported.
     * [Paged.collectAll] is not: collect [Paged.pages] instead.
     *
     * @param block Makes one or more calls.
     * @return What [block] returned, with how each answer came about.
     * @throws IllegalStateException when nothing was called.
     * @throws BeProductException when a call fails; the error has its own attempts and waits.
     */
    suspend fun <T> withResponse(block: suspend BeProduct.() -> T): Response<T> {
        val recorder = ReplyRecorder()
        return recorder.response(recorder.during { block() })
    }

    /**
     * A client that acts for another user of the company. Who is signed in here has to be an administrator of it, and
     * the user has to be registered there as PRIVATE.
     *
     * Its calls wait for a token of that user; where none can be had they fail, and none is made as the administrator.
     * It shares quota, connections and log with this client, and ends with it; closing it leaves this one open. Nothing
     * is sent yet.
     *
     * @param userId Id of the user.
     * @param clientId Id of the application that is registered for acting as others, from the vendor.
     * @param clientSecret Its secret.
     * @throws ConfigException when one of them is empty, or when this client acts for another user itself.
     */
    fun actingAs(userId: String, clientId: String, clientSecret: String): BeProduct {
        val whom = arguments("user_id" to userId, "client_id" to clientId, "client_secret" to clientSecret)
        return BeProduct("$name, acting as $userId", seam.actingAs(whom))
    }

    /**
     * Ends all calls with [CallCancelledException]; later ones fail with [ClientClosedException]. The client lets go of
     * [TokenStore], [LogSink] and [QuotaListener] once these have got everything; that is waited for, 5 seconds at most.
     * May be repeated.
     */
    override fun close(): Unit = seam.close()

    override fun toString(): String = "BeProduct($name)"

    internal fun advanceClock(seconds: Double): Unit = seam.advanceClock(seconds)

    companion object {
        private val userAgent = JsonPrimitive("kotlin/${KotlinVersion.CURRENT}")

        /**
         * Makes a client from settings by the names that they have in every language, such as `company_domain` and
         * `refresh_token`: for settings that come from a file or from the environment. Nothing is sent.
         *
         * @param settings `company_domain` and credentials are needed. Times are in seconds.
         * @param tokenStore Keeps tokens beyond the life of the client. Default: what [settings] name, else memory.
         * @param logSink Takes what the client tells about its work. Default: nobody does.
         * @param quotaListener Takes events of the quota, and decides what a call does at a limit. Default: nobody does.
         * @throws ConfigException when a setting is missing, wrong or unknown.
         */
        fun fromSettings(
            settings: JsonObject,
            tokenStore: TokenStore? = null,
            logSink: LogSink? = null,
            quotaListener: QuotaListener? = null,
        ): BeProduct =
            BeProduct(JsonObject(mapOf("user_agent" to userAgent) + settings), tokenStore, logSink, quotaListener)
    }
}
