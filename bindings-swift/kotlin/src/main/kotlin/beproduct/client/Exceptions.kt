package beproduct.client

import beproduct.client.engine.EngineException
import java.nio.charset.CharacterCodingException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonElement

/** What went wrong, in the terms of a caller who has to react to it. */
@Serializable
enum class ErrorKind {
    /** See [ConfigException]. */
    @SerialName("config")
    CONFIG,

    /** See [AuthException]. */
    @SerialName("auth")
    AUTH,

    /** See [PermissionException]. */
    @SerialName("permission")
    PERMISSION,

    /** See [NotFoundException]. */
    @SerialName("not_found")
    NOT_FOUND,

    /** See [ValidationException]. */
    @SerialName("validation")
    VALIDATION,

    /** See [ConflictException]. */
    @SerialName("conflict")
    CONFLICT,

    /** See [RateLimitedException]. */
    @SerialName("rate_limited")
    RATE_LIMITED,

    /** See [QuotaExceededException]. */
    @SerialName("quota_exceeded")
    QUOTA_EXCEEDED,

    /** See [CallTimeoutException]. */
    @SerialName("timeout")
    TIMEOUT,

    /** See [NetworkException]. */
    @SerialName("network")
    NETWORK,

    /** See [ServerException]. */
    @SerialName("server")
    SERVER,

    /** See [DecodeException]. */
    @SerialName("decode")
    DECODE,

    /** See [IncompleteException]. */
    @SerialName("incomplete")
    INCOMPLETE,

    /** See [CallCancelledException]. */
    @SerialName("cancelled")
    CANCELLED,

    /** See [ClientClosedException]. */
    @SerialName("closed")
    CLOSED,

    /** See [CallbackException]. */
    @SerialName("callback")
    CALLBACK,

    /** See [InternalException]. */
    @SerialName("internal")
    INTERNAL,
}

/** What is known of the effect of a failed call. */
@Serializable
enum class Outcome {
    /** No byte left this machine. */
    @SerialName("not_sent")
    NOT_SENT,

    /** The service answered that it did nothing. */
    @SerialName("refused")
    REFUSED,

    /** The service did it. */
    @SerialName("applied")
    APPLIED,

    /** It may have taken effect. It was not sent again. For a read it only means that no answer came. */
    @SerialName("unknown")
    UNKNOWN,
}

/**
 * An error of a call, or of making a client. There is a class for each [kind].
 *
 * No part of it holds tokens, secrets, request bodies or queries.
 */
sealed class BeProductException(private val fields: ErrorFields, cause: Throwable?) :
    RuntimeException(fields.message, cause ?: fields.cause?.let(::EngineCause)) {
    /** What went wrong. */
    val kind: ErrorKind get() = fields.kind

    /** One sentence for people, with what to do next where that is known. */
    override val message: String get() = fields.message

    /** Status of the last answer, if there was one. */
    val status: Int? get() = fields.status

    /** Code of the service or of the identity server, such as `invalid_grant`. */
    val code: String? get() = fields.code

    /** Whether the same call may succeed later and can be repeated without harm. */
    val retryable: Boolean get() = fields.retryable

    /** How long the service asks to wait. */
    val retryAfter: Duration? get() = fields.retryAfter?.seconds

    /** What is known of the effect. */
    val outcome: Outcome get() = fields.outcome

    /** Id of the request: the service's own when it sent one, else the client's. */
    val requestId: String? get() = fields.requestId

    /** Id of the operation. */
    val operation: String? get() = fields.operation

    /** HTTP verb of the request. */
    val method: String? get() = fields.method

    /** Address of the request, without its query. */
    val url: String? get() = fields.url

    /** Every attempt that was made. */
    val attempts: List<Attempt> get() = fields.attempts

    /** Every pause that was made. */
    val waits: List<Wait> get() = fields.waits

    /** Head of the answer's body, without secrets. */
    val bodyExcerpt: String? get() = fields.bodyExcerpt

    /** What became of each record, for calls that carry several. */
    val details: JsonElement? get() = fields.details

    override fun toString(): String = "${javaClass.name}: ${fields.text ?: message}"
}

/** A setting, an argument or an option is missing or wrong. Nothing was sent. */
class ConfigException internal constructor(fields: ErrorFields, cause: Throwable?) : BeProductException(fields, cause)

/** Nobody is signed in, or no longer. */
class AuthException internal constructor(fields: ErrorFields, cause: Throwable?) : BeProductException(fields, cause)

/** Signed in, but not allowed to. */
class PermissionException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** There is no such record. */
class NotFoundException internal constructor(fields: ErrorFields, cause: Throwable?) : BeProductException(fields, cause)

/** The service refused what was sent. */
class ValidationException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** The answer is not the one record that was asked for. */
class ConflictException internal constructor(fields: ErrorFields, cause: Throwable?) : BeProductException(fields, cause)

/** The service asks to wait longer than the caller is willing to, or the hour or the minute has no requests left. */
class RateLimitedException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** The requests of the day are used up. */
class QuotaExceededException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** The deadline of the call passed. */
class CallTimeoutException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** No connection, or one that broke. */
class NetworkException internal constructor(fields: ErrorFields, cause: Throwable?) : BeProductException(fields, cause)

/** The service failed. */
class ServerException internal constructor(fields: ErrorFields, cause: Throwable?) : BeProductException(fields, cause)

/** The answer could not be read. */
class DecodeException internal constructor(fields: ErrorFields, cause: Throwable?) : BeProductException(fields, cause)

/** A list ended before all of its records had come. Its [details] have `received` and `total`. */
class IncompleteException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/**
 * The client was closed during the call.
 *
 * A coroutine that is cancelled gets a [kotlinx.coroutines.CancellationException] as everywhere; its cause is one of
 * these and tells by [outcome] whether a write may have taken effect.
 */
class CallCancelledException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** The client was closed before the call. */
class ClientClosedException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** Code that was handed to the client failed: a [TokenStore], a [QuotaListener]. Its exception is the [cause]. */
class CallbackException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** A fault of this client. Please report it. */
class InternalException internal constructor(fields: ErrorFields, cause: Throwable?) :
    BeProductException(fields, cause)

/** An error as the engine tells it. */
@Serializable
internal data class ErrorFields(
    val kind: ErrorKind,
    val message: String,
    val status: Int? = null,
    val code: String? = null,
    val retryable: Boolean = false,
    @SerialName("retry_after") val retryAfter: Double? = null,
    val outcome: Outcome = Outcome.NOT_SENT,
    @SerialName("request_id") val requestId: String? = null,
    val operation: String? = null,
    val method: String? = null,
    val url: String? = null,
    val attempts: List<Attempt> = emptyList(),
    val waits: List<Wait> = emptyList(),
    @SerialName("body_excerpt") val bodyExcerpt: String? = null,
    val details: JsonElement? = null,
    val cause: String? = null,
    /** The message with the place and the possible effect, as the engine words it. */
    val text: String? = null,
) {
    fun toException(cause: Throwable? = null): BeProductException = when (kind) {
        ErrorKind.CONFIG -> ConfigException(this, cause)
        ErrorKind.AUTH -> AuthException(this, cause)
        ErrorKind.PERMISSION -> PermissionException(this, cause)
        ErrorKind.NOT_FOUND -> NotFoundException(this, cause)
        ErrorKind.VALIDATION -> ValidationException(this, cause)
        ErrorKind.CONFLICT -> ConflictException(this, cause)
        ErrorKind.RATE_LIMITED -> RateLimitedException(this, cause)
        ErrorKind.QUOTA_EXCEEDED -> QuotaExceededException(this, cause)
        ErrorKind.TIMEOUT -> CallTimeoutException(this, cause)
        ErrorKind.NETWORK -> NetworkException(this, cause)
        ErrorKind.SERVER -> ServerException(this, cause)
        ErrorKind.DECODE -> DecodeException(this, cause)
        ErrorKind.INCOMPLETE -> IncompleteException(this, cause)
        ErrorKind.CANCELLED -> CallCancelledException(this, cause)
        ErrorKind.CLOSED -> ClientClosedException(this, cause)
        ErrorKind.CALLBACK -> CallbackException(this, cause)
        ErrorKind.INTERNAL -> InternalException(this, cause)
    }
}

/** What the engine knows of the cause. It has no stack of this side. */
internal class EngineCause(message: String) : Exception(message, null, false, false)

internal fun configError(message: String): BeProductException = ErrorFields(ErrorKind.CONFIG, message).toException()

/** Runs a call of the engine; an exception of [hooks] becomes the cause of the error that it led to. */
internal inline fun <T> translated(hooks: Hooks? = null, block: () -> T): T =
    try {
        block()
    } catch (failure: EngineException.Failed) {
        val fields = answerFormat.decodeFromString(ErrorFields.serializer(), failure.fields)
        throw fields.toException(hooks?.failureBehind(fields))
    } catch (_: CharacterCodingException) {
        throw configError("a text holds half of a surrogate pair, which is no character")
    }
