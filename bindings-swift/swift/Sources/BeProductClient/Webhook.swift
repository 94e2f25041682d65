import Foundation

internal import BeProductEngine

/// Reads the body that the service has sent to a webhook, without sending anything.
///
/// An event tells that something happened to a record, and ``WebhookEvent/read`` is the call that tells what. Nothing of it
/// is proven, as it has no signature: give the webhook an address that nobody guesses, and compare ``WebhookEvent/company``
/// where it is there. Answer the service first and work afterwards, drop events whose ``WebhookEvent/repeatKey`` you have
/// seen, and poll from time to time, as nobody knows what the service does with events that were not taken
/// (docs/service/webhooks.md).
///
/// - Parameter body: The body as it came, 4 MiB at most.
/// - Throws: `config` if the body is empty, longer, cut off, no JSON or no event, or the event of an unknown kind.
public func parseEvent(_ body: Data) throws -> WebhookEvent {
    let event = try engineResult { try BeProductEngine.parseEvent(body: body) }
    return try WebhookEvent(members: JSONObject(json: JSONValue(text: event)))
}

/// Reads the body that the service has sent to a webhook, as text.
public func parseEvent(_ body: String) throws -> WebhookEvent {
    try parseEvent(Data(body.utf8))
}
