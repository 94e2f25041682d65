/** For tests: a clock whose pauses return at once. */
package beproduct.client.testing

import beproduct.client.BeProduct
import beproduct.client.arguments
import beproduct.client.inSeconds
import java.time.Instant
import kotlin.time.Duration
import kotlinx.serialization.json.JsonObject

/** A clock for tests, for [beproduct.client.Settings]. It also takes chance out of the client. */
class TestClock private constructor(internal val json: JsonObject) {
    companion object {
        /**
         * A clock on which pauses return at once and move it on by their length, as the waits of a call show; deadlines
         * pass only when it gets there.
         *
         * @param start Its time at first. Default: the machine's.
         */
        fun recorded(start: Instant? = null): TestClock =
            TestClock(arguments("clock" to "recorded", "start" to start?.epochSecond, "fixed_chance" to true))

        /** A clock that stands, and on which pauses last, until [advanceClock] has moved it far enough. */
        fun manual(): TestClock = TestClock(arguments("clock" to "manual", "fixed_chance" to true))
    }
}

/**
 * Moves the clock of a client on that runs on a [TestClock].
 *
 * @throws beproduct.client.ConfigException for a client on the machine's clock.
 */
fun BeProduct.advanceClock(by: Duration): Unit = advanceClock(by.inSeconds())
