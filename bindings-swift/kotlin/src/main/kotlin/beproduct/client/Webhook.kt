package beproduct.client

import beproduct.client.engine.parseEvent as engineParseEvent

/**
 * Reads the body that the service has sent to a webhook, without sending anything.
 *
 * An event tells that something happened to a record, and [WebhookEvent.read] is the call that tells what:
 * `event.read?.let { client.call(it.operation, JsonObject(it.arguments)) }`, or `client.stream` for the rows of a plan.
 * Nothing of it is proven, as it has no signature: give the webhook an address that nobody guesses, and compare
 * [WebhookEvent.company] where it is there. Answer the service first and work afterwards, drop events whose
 * [WebhookEvent.repeatKey] you have seen, and poll from time to time, as nobody knows what the service does with events
 * that were not taken (docs/service/webhooks.md).
 *
 * @param body The body as it came, 4 MiB at most.
 * @throws ConfigException if the body is empty, longer, cut off, no JSON or no event, or the event of an unknown kind.
 */
fun parseEvent(body: ByteArray): WebhookEvent =
    answerFormat.decodeFromString(translated { engineParseEvent(body) })

/** Reads the body that the service has sent to a webhook, as text. */
fun parseEvent(body: String): WebhookEvent = parseEvent(body.encodeToByteArray())
