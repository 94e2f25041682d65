package beproduct.client

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject

/**
 * What a company has bought: how many requests may be sent, and when days begin. Whoever takes a plan checks it, and
 * throws a [ConfigException] for one that is wrong.
 *
 * Every plan can have, besides its own requests of the day,
 * - `requestsPerHour` and `requestsPerMinute`: limits of each full hour and minute. Default: none.
 * - `dayStart`: the time at which days begin, as `06:30`. Default `00:00`.
 * - `timeZone`: the time zone in which they begin, by a name that this machine knows, as `America/New_York`. Default
 * `UTC`.
 */
class Plan private constructor(private val name: String, own: JsonObject, besides: JsonObject) {
    /** By the core's names. */
    internal val json = JsonObject(own + besides)

    /** As the setting of a client, where a plan that says nothing is none. */
    internal val setting: JsonElement get() = if (json.isEmpty()) JsonNull else json

    private val said = json.entries.joinToString { (name, value) -> "$name=$value" }

    override fun toString(): String = "Plan.$name($said)"

    companion object {
        /** 2,000 requests a day, or 250 for each of the [licenses], the user licences, if that is lower. */
        fun businessMax(
            licenses: Int,
            requestsPerHour: Long? = null,
            requestsPerMinute: Long? = null,
            dayStart: String? = null,
            timeZone: String? = null,
        ): Plan = Plan(
            "businessMax",
            arguments("edition" to "business_max", "licenses" to licenses),
            besides(requestsPerHour, requestsPerMinute, dayStart, timeZone),
        )

        /** 25,000 requests a day, or 500 for each of the [licenses], the user licences, if that is lower. */
        fun enterprise(
            licenses: Int,
            requestsPerHour: Long? = null,
            requestsPerMinute: Long? = null,
            dayStart: String? = null,
            timeZone: String? = null,
        ): Plan = Plan(
            "enterprise",
            arguments("edition" to "enterprise", "licenses" to licenses),
            besides(requestsPerHour, requestsPerMinute, dayStart, timeZone),
        )

        /** An explicit [limit] of the day, from 0. */
        fun requestsPerDay(
            limit: Long,
            requestsPerHour: Long? = null,
            requestsPerMinute: Long? = null,
            dayStart: String? = null,
            timeZone: String? = null,
        ): Plan = Plan(
            "requestsPerDay",
            arguments("requests_per_day" to limit),
            besides(requestsPerHour, requestsPerMinute, dayStart, timeZone),
        )

        /**
         * The limits that the service states, for what is not given here. The client asks for them once a day, before its
         * first call; that request counts.
         */
        fun fromService(
            requestsPerHour: Long? = null,
            requestsPerMinute: Long? = null,
            dayStart: String? = null,
            timeZone: String? = null,
        ): Plan = Plan(
            "fromService",
            arguments("from_service" to true),
            besides(requestsPerHour, requestsPerMinute, dayStart, timeZone),
        )

        /** No limit of the day: requests are counted, and none is refused but by what is given here. */
        fun unlimited(
            requestsPerHour: Long? = null,
            requestsPerMinute: Long? = null,
            dayStart: String? = null,
            timeZone: String? = null,
        ): Plan = Plan(
            "unlimited",
            JsonObject(emptyMap()),
            besides(requestsPerHour, requestsPerMinute, dayStart, timeZone),
        )

        private fun besides(hour: Long?, minute: Long?, dayStart: String?, timeZone: String?) = arguments(
            "requests_per_hour" to hour,
            "requests_per_minute" to minute,
            "day_start" to dayStart,
            "time_zone" to timeZone,
        )
    }
}
