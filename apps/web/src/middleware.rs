//! Middleware: applications around an application.
