//! A client that calls an application without a socket, for tests.
