package beproduct.client

import kotlin.time.Duration
import kotlinx.serialization.json.JsonObject

/** Who is served first when requests get scarce. */
enum class Priority {
    /** Somebody is waiting. */
    INTERACTIVE,

    /** Nobody is: it leaves the requests alone that the plan keeps free ([Settings] `quotaFloor`). */
    BULK,
}

/** Options of one call. What is not set comes from the client. */
class CallOptions private constructor(internal val json: JsonObject) {
    /**
     * They are checked by the call, which throws a [ConfigException] for one that is wrong.
     *
     * @param timeout Time for each request of the call, from its first turn in the line: its attempts, the waits between
     * them and the whole answer. Default: the client's, 60 s.
     * @param turnTimeout Longest wait for that turn. Default: the client's, none.
     * @param waitTimeout Longest wait for the service to process a file that was uploaded. Default: 300 s.
     * @param attempts Highest number of attempts of a request, 1 to 100; 1 is no retry. Default: the client's, 4.
     * @param label Name under which the requests are counted. Default: none.
     * @param priority Interactive or bulk.
     * @param pageSize Records a page, 1 to 200 unless the client was made with a higher `maxPageSize`. Default 200.
     * @param fromPage The page that a list begins with, from 0. Default 0.
     * @param allowIncomplete Accept a list that ends before its total, with a warning, instead of an
     * [IncompleteException]. Default false.
     * @param extraQuery Query parameters that the catalogue does not know.
     * @param headers Extra headers. Those that carry the sign-in or describe the body are refused.
     * @param checkFilters Whether filter fields are checked before sending. Default: the client's setting.
     * @param allowRepeat Send a write whose fate is unknown again, where a repeat leaves the same data. Default false.
     */
    constructor(
        timeout: Duration? = null,
        turnTimeout: Duration? = null,
        waitTimeout: Duration? = null,
        attempts: Int? = null,
        label: String? = null,
        priority: Priority = Priority.INTERACTIVE,
        pageSize: Int? = null,
        fromPage: Long? = null,
        allowIncomplete: Boolean = false,
        extraQuery: Map<String, String>? = null,
        headers: Map<String, String>? = null,
        checkFilters: Boolean? = null,
        allowRepeat: Boolean = false,
    ) : this(
        arguments(
            "timeout" to timeout?.inSeconds(),
            "turn_timeout" to turnTimeout?.inSeconds(),
            "wait_timeout" to waitTimeout?.inSeconds(),
            "attempts" to attempts,
            "label" to label,
            "priority" to priority.name.lowercase().takeIf { priority != Priority.INTERACTIVE },
            "page_size" to pageSize,
            "from_page" to fromPage,
            "allow_incomplete" to allowIncomplete.takeIf { it },
            "extra_query" to extraQuery,
            "headers" to headers,
            "check_filters" to checkFilters,
            "allow_repeat" to allowRepeat.takeIf { it },
        ),
    )

    /** Names only: a header may carry a secret. */
    override fun toString(): String = "CallOptions${json.keys}"

    companion object {
        /**
         * Options by the names that they have in every language, such as `page_size`; times in seconds. A call with one
         * that is unknown throws a [ConfigException].
         */
        fun fromJson(json: JsonObject): CallOptions = CallOptions(json)
    }
}
