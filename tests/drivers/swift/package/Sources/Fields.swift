import BeProductClient

// Values of the client by the snake_case names of the protocol.

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
        "attempts": .array(error.attempts.map(json(of:))),
        "waits": .array(error.waits.map(json(of:))),
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
        "attempts": .array(meta.attempts.map(json(of:))),
        "waits": .array(meta.waits.map(json(of:))),
        "rate": meta.rate.map { rate in
            [
                "limit": json(rate.limit),
                "remaining": json(rate.remaining),
                "reset": rate.reset.map { JSONValue($0.timeIntervalSince1970) } ?? .null,
            ]
        } ?? .null,
        "cost": .integer(meta.cost),
    ]
}

func json(of status: QuotaStatus) -> JSONValue {
    [
        "store": .string(status.store),
        "limit": json(status.limit),
        "used": .integer(status.used),
        "remaining": json(status.remaining),
        "resets_at": .string(status.resetsAt),
        "usage": .array(
            status.usage.map { usage in
                [
                    "operation": .string(usage.operation),
                    "label": .string(usage.label),
                    "requests": .integer(usage.requests),
                ]
            }
        ),
    ]
}

private func json(of attempt: Attempt) -> JSONValue {
    ["status": json(attempt.status), "error": json(attempt.error?.rawValue), "seconds": seconds(attempt.duration)]
}

private func json(of wait: Wait) -> JSONValue {
    ["reason": .string(wait.reason.rawValue), "seconds": seconds(wait.duration)]
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
