package beproduct.client

import beproduct.client.engine.EngineException
import beproduct.client.engine.InternalException as EnginePanic
import java.nio.charset.CharacterCodingException
import kotlin.time.Duration
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
 * What an error says, beside its kind and its cause.
 *
 * @property message One sentence for people, with what to do next where that is known.
 * @property status Status of the last answer, if there was one.
 * @property code Code of the service or of the identity server, such as `invalid_grant`.
 * @property retryable Whether the same call may succeed later and can be repeated without harm.
 * @property retryAfter How long the service asks to wait.
 * @property outcome What is known of the effect.
 * @property requestId Id of the request: the service's own when it sent one, else the client's.
 * @property operation Id of the operation.
 * @property method HTTP verb of the request.
 * @property url Address of the request, without its query.
 * @property attempts Every attempt that was made.
 * @property waits Every pause that was made.
 * @property bodyExcerpt Head of the answer's body, without secrets.
 * @property details What became of each record, for calls that carry several.
 */
@Serializable
data class ErrorFields(
    val message: String,
    val status: Int? = null,
    val code: String? = null,
    val retryable: Boolean = false,
    @SerialName("retry_after")
    @Serializable(with = SecondsSerializer::class)
    val retryAfter: Duration? = null,
    val outcome: Outcome = Outcome.NOT_SENT,
    @SerialName("request_id")
    val requestId: String? = null,
    val operation: String? = null,
    val method: String? = null,
    val url: String? = null,
    val attempts: List<Attempt> = emptyList(),
    val waits: List<Wait> = emptyList(),
    @SerialName("body_excerpt")
    val bodyExcerpt: String? = null,
    val details: JsonElement? = null,
)

/**
 * An error of a call, or of making a client. There is a class for each [kind].
 *
 * No part of it holds tokens, secrets, request bodies or queries.
 */
sealed class BeProductException(
    /** What went wrong. */
    val kind: ErrorKind,
    private val fields: ErrorFields,
    cause: Throwable?,
) : RuntimeException(fields.message, cause) {
    /** The message with the place and the possible effect, as the engine words it. */
    internal var text: String? = null

    /** One sentence for people, with what to do next where that is known. */
    override val message: String get() = fields.message

    /** Status of the last answer, if there was one. */
    val status: Int? get() = fields.status

    /** Code of the service or of the identity server, such as `invalid_grant`. */
    val code: String? get() = fields.code

    /** Whether the same call may succeed later and can be repeated without harm. */
    val retryable: Boolean get() = fields.retryable

    /** How long the service asks to wait. */
    val retryAfter: Duration? get() = fields.retryAfter

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

    override fun toString(): String = "${javaClass.name}: ${text ?: message}"
}

/** A setting, an argument or an option is missing or wrong. Nothing was sent. */
class ConfigException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.CONFIG, fields, cause)

/** Nobody is signed in, or no longer. */
class AuthException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.AUTH, fields, cause)

/** Signed in, but not allowed to. */
class PermissionException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.PERMISSION, fields, cause)

/** There is no such record. */
class NotFoundException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.NOT_FOUND, fields, cause)

/** The service refused what was sent. */
class ValidationException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.VALIDATION, fields, cause)

/** The answer is not the one record that was asked for. */
class ConflictException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.CONFLICT, fields, cause)

/** The service asks to wait longer than the caller is willing to, or the hour or the minute has no requests left. */
class RateLimitedException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.RATE_LIMITED, fields, cause)

/** The requests of the day are used up. */
class QuotaExceededException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.QUOTA_EXCEEDED, fields, cause)

/** The deadline of the call passed. */
class CallTimeoutException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.TIMEOUT, fields, cause)

/** No connection, or one that broke. */
class NetworkException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.NETWORK, fields, cause)

/** The service failed. */
class ServerException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.SERVER, fields, cause)

/** The answer could not be read. */
class DecodeException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.DECODE, fields, cause)

/** A list ended before all of its records had come. Its [details] have `received` and `total`. */
class IncompleteException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.INCOMPLETE, fields, cause)

/**
 * The client was closed during the call.
 *
 * A coroutine that is cancelled gets a [kotlinx.coroutines.CancellationException] as everywhere; its cause is one of
 * these and tells by [outcome] whether a write may have taken effect.
 */
class CallCancelledException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.CANCELLED, fields, cause)

/** The client was closed before the call. */
class ClientClosedException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.CLOSED, fields, cause)

/** Code that was handed to the client failed: a [TokenStore], a [QuotaListener]. Its exception is the [cause]. */
class CallbackException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.CALLBACK, fields, cause)

/** A fault of this client. Please report it. */
class InternalException(fields: ErrorFields, cause: Throwable? = null) :
    BeProductException(ErrorKind.INTERNAL, fields, cause)

/** What the engine says about an error beside its [ErrorFields]. */
@Serializable
private class EngineFields(
    val kind: ErrorKind,
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

internal fun ErrorKind.exception(fields: ErrorFields, cause: Throwable? = null): BeProductException = when (this) {
    ErrorKind.CONFIG -> ConfigException(fields, cause)
    ErrorKind.AUTH -> AuthException(fields, cause)
    ErrorKind.PERMISSION -> PermissionException(fields, cause)
    ErrorKind.NOT_FOUND -> NotFoundException(fields, cause)
    ErrorKind.VALIDATION -> ValidationException(fields, cause)
    ErrorKind.CONFLICT -> ConflictException(fields, cause)
    ErrorKind.RATE_LIMITED -> RateLimitedException(fields, cause)
    ErrorKind.QUOTA_EXCEEDED -> QuotaExceededException(fields, cause)
    ErrorKind.TIMEOUT -> CallTimeoutException(fields, cause)
    ErrorKind.NETWORK -> NetworkException(fields, cause)
    ErrorKind.SERVER -> ServerException(fields, cause)
    ErrorKind.DECODE -> DecodeException(fields, cause)
    ErrorKind.INCOMPLETE -> IncompleteException(fields, cause)
    ErrorKind.CANCELLED -> CallCancelledException(fields, cause)
    ErrorKind.CLOSED -> ClientClosedException(fields, cause)
    ErrorKind.CALLBACK -> CallbackException(fields, cause)
    ErrorKind.INTERNAL -> InternalException(fields, cause)
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
