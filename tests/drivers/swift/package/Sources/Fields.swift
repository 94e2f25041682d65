import BeProductClient

// Errors and histories by the snake_case names of the protocol.

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

func fields(of meta: Meta) -> JSONValue {
    [
        "status": .integer(meta.status),
        "headers": .array(meta.headers.map { [.string($0.name), .string($0.value)] }),
        "request_id": .string(meta.requestID),
        "attempts": .array(meta.attempts.json()),
        "waits": .array(meta.waits.json()),
        "rate": meta.rate.map { .object($0.members) } ?? .null,
        "cost": .integer(meta.cost),
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
