package beproduct.client

import beproduct.client.engine.EngineException
import beproduct.client.engine.InternalException as EnginePanic
import java.nio.charset.CharacterCodingException
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable

/** What the engine says about an error beside its [ErrorFields]. */
@Serializable
private class EngineFields(
    val kind: ErrorKind,
    /** The message with the operation and the possible effect. */
    val text: String? = null,
    /** What it knows of the cause. */
    val cause: String? = null,
    /** Id of the program's own exception. */
    @SerialName("host_failure")
    val hostFailure: ULong? = null,
)

/** What the engine knows of the cause. It has no stack of this side. */
internal class EngineCause(message: String) : Exception(message, null, false, false)

/**
 * The exception for an error of the engine.
 *
 * @param json Its fields.
 * @param host Where the program's own exception is, if one led to the error.
 * @param cause What led to the error on this side.
 */
internal fun exceptionOf(json: String, host: HostCode? = null, cause: Throwable? = null): BeProductException {
    val engine = answerFormat.decodeFromString(EngineFields.serializer(), json)
    val fields = answerFormat.decodeFromString(ErrorFields.serializer(), json)
    val known = cause ?: engine.hostFailure?.let { host?.failure(it) } ?: engine.cause?.let(::EngineCause)
    return engine.kind.exception(fields, known).also { it.text = engine.text }
}

internal fun configError(message: String): BeProductException = ConfigException(ErrorFields(message))

/** Runs a call of the engine. An exception of [host] becomes the cause of the error that it led to. */
internal inline fun <T> translated(host: HostCode? = null, block: () -> T): T =
    try {
        block()
    } catch (failure: EngineException.Failed) {
        throw exceptionOf(failure.fields, host)
    } catch (_: CharacterCodingException) {
        throw configError("a text holds half of a surrogate pair, which is no character")
    } catch (panic: EnginePanic) {
        // Its own text may hold anything.
        throw InternalException(ErrorFields(PANIC, outcome = Outcome.UNKNOWN), panic)
    }

internal const val PANIC = "the client panicked; this is a fault of the client, please report it"
