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
        "limits": .array(
            status.limits.map { limit in
                [
                    "window": .string(limit.window.rawValue),
                    "limit": .integer(limit.limit),
                    "used": .integer(limit.used),
                    "remaining": .integer(limit.remaining),
                    "resets_at": .string(limit.resetsAt),
                ]
            }
        ),
        "leased": .integer(status.leased),
        "others": .integer(status.others),
        "pace": JSONValue(status.pace),
        "runs_out_at": json(status.runsOutAt),
        "paused_until": json(status.pausedUntil),
    ]
}

func json(of report: QuotaReport) -> JSONValue {
    [
        "from": .string(report.from),
        "to": .string(report.to),
        "requests": .integer(report.requests),
        "by_day": json(report.byDay),
        "by_operation": json(report.byOperation),
        "by_label": json(report.byLabel),
        "by_process": json(report.byProcess),
        "rows": .array(
            report.rows.map { row in
                [
                    "day": .string(row.day),
                    "operation": .string(row.operation),
                    "label": .string(row.label),
                    "process": .string(row.process),
                    "requests": .integer(row.requests),
                ]
            }
        ),
    ]
}

func json(of estimate: QuotaEstimate) -> JSONValue {
    [
        "requests": .integer(estimate.requests),
        "remaining": json(estimate.remaining),
        "enough": .bool(estimate.enough),
        "items": .array(
            estimate.items.map { item in
                [
                    "operation": .string(item.operation),
                    "count": .integer(item.count),
                    "requests": .integer(item.requests),
                ]
            }
        ),
    ]
}

func json(of event: QuotaEvent) -> JSONValue {
    [
        "event": .string(event.kind.rawValue),
        "window": .string(event.window.rawValue),
        "limit": json(event.limit),
        "used": .integer(event.used),
        "remaining": json(event.remaining),
        "resets_at": .string(event.resetsAt),
        "resets_in": seconds(event.resetsIn),
        "threshold": json(event.threshold),
        "requests": json(event.requests),
        "operation": json(event.operation),
        "label": json(event.label),
    ]
}

private func json(_ shares: [QuotaReport.Share]) -> JSONValue {
    .array(shares.map { ["name": .string($0.name), "requests": .integer($0.requests)] })
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
