//! Who is sent next.
