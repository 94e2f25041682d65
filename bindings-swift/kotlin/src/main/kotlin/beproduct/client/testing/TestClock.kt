/** For tests: a clock whose pauses return at once. */
package beproduct.client.testing

import beproduct.client.BeProduct
import beproduct.client.arguments
import beproduct.client.inSeconds
import java.time.Instant
import kotlin.time.Duration
import kotlinx.serialization.json.JsonObject

/** A clock for tests, for [beproduct.client.Settings]. With it, the client uses no random numbers. */
class TestClock private constructor(internal val json: JsonObject) {
    companion object {
        /**
         * A clock on which pauses return at once and advance it by their length, as the waits of a call show. Deadlines pass
         * only when it reaches them.
         *
         * @param start Its first time. Default: the machine's.
         */
        fun recorded(start: Instant? = null): TestClock =
            TestClock(arguments("clock" to "recorded", "start" to start?.epochSecond, "fixed_chance" to true))

        /** A clock that only [advanceClock] advances, also for pauses. */
        fun manual(): TestClock = TestClock(arguments("clock" to "manual", "fixed_chance" to true))
    }
}

/**
 * Advances the [TestClock] of a client.
 *
 * @throws beproduct.client.ConfigException for a client on the machine's clock.
 */
fun BeProduct.advanceClock(by: Duration): Unit = advanceClock(by.inSeconds())
