//! A raw-socket client and servers on port 0, for the tests beside this crate.
