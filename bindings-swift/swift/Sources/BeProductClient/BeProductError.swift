import Foundation

/// Why a call, or the making of a client, failed.
///
/// A call whose task is cancelled fails with kind ``Kind/cancelled`` rather than with a `CancellationError`: after a
/// write, ``outcome`` tells whether it may have taken effect.
public struct BeProductError: Error, Hashable, Sendable {
    /// What went wrong, in the terms of a caller who has to react to it.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A setting, an argument or an option is missing or wrong. Nothing was sent.
        case config
        /// Nobody is signed in, or no longer.
        case auth
        /// Signed in, but not allowed to.
        case permission
        /// There is no such record.
        case notFound = "not_found"
        /// The service refused what was sent.
        case validation
        /// The answer is not the one record that was asked for.
        case conflict
        /// The service asks to wait longer than the caller is willing to, or the requests of the hour or the minute are
        /// used up.
        case rateLimited = "rate_limited"
        /// The daily quota is used up.
        case quotaExceeded = "quota_exceeded"
        /// The deadline passed.
        case timeout
        /// No connection, or one that broke.
        case network
        /// The service failed.
        case server
        /// The answer could not be read.
        case decode
        /// A list ended before all of its records had come. ``details`` has `received` and `total`.
        case incomplete
        /// The caller cancelled the call.
        case cancelled
        /// The client was closed before.
        case closed
        /// Code that was handed to the client failed: a token store, a listener.
        case callback
        /// A fault of this client. Please report it.
        case `internal`
    }

    /// What is known of the effect of a failed call.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// No byte left this machine.
        case notSent = "not_sent"
        /// The service answered that it did nothing.
        case refused
        /// The service did it.
        case applied
        /// It may have taken effect. It was not sent again.
        case unknown
    }

    /// What went wrong.
    public let kind: Kind
    /// One sentence for people, with what to do next where that is known.
    public let message: String
    /// Status of the last answer, if there was one.
    public let status: Int?
    /// Code of the service or of the identity server, such as `invalid_grant`.
    public let code: String?
    /// Whether the same call may succeed later and can be repeated without harm.
    public let retryable: Bool
    /// How long the service asks to wait.
    public let retryAfter: Duration?
    /// What is known of the effect. For a read, `unknown` only means that no answer came.
    public let outcome: Outcome
    /// Id of the request: the service's own when it sent one, else the client's.
    public let requestID: String?
    /// Id of the operation, such as `style.attributes_get`.
    public let operation: String?
    /// HTTP verb of the request.
    public let method: String?
    /// Address of the request, without its query.
    public let url: String?
    /// Every attempt that was made.
    public let attempts: [Attempt]
    /// Every pause that was made.
    public let waits: [Wait]
    /// Head of the answer's body, without secrets.
    public let bodyExcerpt: String?
    /// What became of each record, for calls that carry several.
    public let details: JSONValue?
    /// What the error goes back to, such as the failure of a connection or what a token store threw.
    public let cause: String?
    /// One line: kind, message, operation and status, and whether a write may have taken effect.
    public let description: String
}

extension BeProductError {
    /// Makes an error, for tests. Each parameter is the property of its name.
    public init(
        kind: Kind,
        message: String,
        status: Int? = nil,
        code: String? = nil,
        retryable: Bool = false,
        retryAfter: Duration? = nil,
        outcome: Outcome = .notSent,
        requestID: String? = nil,
        operation: String? = nil,
        method: String? = nil,
        url: String? = nil,
        attempts: [Attempt] = [],
        waits: [Wait] = [],
        bodyExcerpt: String? = nil,
        details: JSONValue? = nil,
        cause: String? = nil
    ) {
        self.init(
            kind: kind,
            message: message,
            status: status,
            code: code,
            retryable: retryable,
            retryAfter: retryAfter,
            outcome: outcome,
            requestID: requestID,
            operation: operation,
            method: method,
            url: url,
            attempts: attempts,
            waits: waits,
            bodyExcerpt: bodyExcerpt,
            details: details,
            cause: cause,
            description: "\(kind.rawValue): \(message)"
        )
    }

    static func config(_ message: String) -> BeProductError {
        BeProductError(kind: .config, message: message)
    }

    /// From the fields that the engine hands over.
    init(fields text: String) {
        guard let fields = try? JSONValue(text: text).objectValue,
            let kind = fields["kind"]?.stringValue.flatMap(Kind.init),
            let outcome = fields["outcome"]?.stringValue.flatMap(Outcome.init)
        else {
            let message = "the engine reported an error that cannot be read; this is a fault of the client, please report it"
            self.init(kind: .internal, message: message, outcome: .unknown, cause: text)
            return
        }
        let message = fields["message"]?.stringValue ?? ""
        self.init(
            kind: kind,
            message: message,
            status: fields["status"]?.intValue,
            code: fields["code"]?.stringValue,
            retryable: fields["retryable"]?.boolValue ?? false,
            retryAfter: fields["retry_after"]?.doubleValue.map { .seconds($0) },
            outcome: outcome,
            requestID: fields["request_id"]?.stringValue,
            operation: fields["operation"]?.stringValue,
            method: fields["method"]?.stringValue,
            url: fields["url"]?.stringValue,
            attempts: fields["attempts"]?.arrayValue?.map(Attempt.init) ?? [],
            waits: fields["waits"]?.arrayValue?.map(Wait.init) ?? [],
            bodyExcerpt: fields["body_excerpt"]?.stringValue,
            details: fields["details"].flatMap { $0.isNull ? Optional.none : $0 },
            cause: fields["cause"]?.stringValue,
            description: "\(kind.rawValue): \(fields["text"]?.stringValue ?? message)"
        )
    }
}

extension BeProductError: LocalizedError {
    public var errorDescription: String? { description }
    public var failureReason: String? { message }
}

extension BeProductError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Every field that is set, one a line.
    public var debugDescription: String {
        let lines = Mirror(reflecting: self).children.compactMap { label, value -> String? in
            let field = Mirror(reflecting: value)
            guard field.displayStyle == .optional else { return "  \(label ?? ""): \(value)" }
            return field.children.first.map { "  \(label ?? ""): \($0.value)" }
        }
        return (["BeProductError"] + lines).joined(separator: "\n")
    }
}
