/// Receives events of the quota, and decides what a call does at a limit.
///
/// Methods are called on a thread that may block, one at a time and in order. They must not wait for a call of the same
/// client: if that call reaches a limit, nothing can answer it.
public protocol QuotaListener: Sendable {
    /// Receives a ``QuotaEventKind/threshold``, or requests of ``QuotaEventKind/others``. Default: does nothing.
    func notice(_ event: QuotaEvent)

    /// Decides how long a call may wait whose limit ends later than ``Configuration/quotaWait`` allows to wait. Called
    /// for each such call.
    ///
    /// An error that it throws, a negative duration, and an answer that takes more than 30 seconds fail the call with
    /// its usual error: ``ErrorKind/quotaExceeded``, or ``ErrorKind/rateLimited`` at a limit of the hour or the minute.
    /// The text of a thrown error is the ``BeProductError/cause``.
    ///
    /// - Returns: The longest wait. The call waits for the end of the limit if that is not later, and fails otherwise.
    ///   Nil, the default, does not wait.
    func atLimit(_ event: QuotaEvent) throws -> Duration?
}

extension QuotaListener {
    /// Does nothing.
    public func notice(_ event: QuotaEvent) {}

    /// Does not wait: the call fails.
    public func atLimit(_ event: QuotaEvent) throws -> Duration? { nil }
}
