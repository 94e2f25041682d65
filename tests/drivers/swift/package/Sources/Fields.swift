import BeProductClient

// Errors by the snake_case names of the protocol.

func fields(of error: BeProductError) -> JSONValue {
    [
        "kind": .string(error.kind.rawValue),
        "message": .string(error.message),
        "status": json(error.status),
        "code": json(error.code),
        "retryable": .bool(error.retryable),
        "retry_after": error.retryAfter.map(seconds) ?? .null,
        "outcome": .string(error.outcome.rawValue),
        "request_id": json(error.requestID),
        "operation": json(error.operation),
        "method": json(error.method),
        "url": json(error.url),
        "attempts": .array(error.attempts.json()),
        "waits": .array(error.waits.json()),
        "body_excerpt": json(error.bodyExcerpt),
        "details": error.details ?? .null,
        "text": "\(error)\n\(String(reflecting: error))\n\(error.localizedDescription)",
    ]
}

private func json(_ value: Int?) -> JSONValue {
    value.map(JSONValue.integer) ?? .null
}

private func json(_ value: String?) -> JSONValue {
    value.map(JSONValue.string) ?? .null
}

private func seconds(_ duration: Duration) -> JSONValue {
    JSONValue(duration / .seconds(1))
}
