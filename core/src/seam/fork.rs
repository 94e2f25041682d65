//! What a fork must not find open.

use crate::{auth, http, policy, quota, record_lines};

/// What must be neither open nor locked during a fork, until it is dropped.
pub struct ForkGuard {
    _ledgers: quota::ForkGuard,
    _leases: auth::StoreForkGuard,
    _caches: auth::CacheForkGuard,
    _limiters: policy::ForkGuard,
    _lines: record_lines::ForkGuard,
    _transports: http::ForkGuard,
}

/// To be called before a `fork`. The guard is to be dropped after it by the same thread, in the parent and in the child.
#[must_use]
pub fn before_fork() -> ForkGuard {
    ForkGuard {
        _ledgers: quota::before_fork(),
        _leases: auth::StoreForkGuard::new(),
        _caches: auth::CacheForkGuard::new(),
        _limiters: policy::ForkGuard::new(),
        _lines: record_lines::ForkGuard::new(),
        _transports: http::ForkGuard::new(),
    }
}
