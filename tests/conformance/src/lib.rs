#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod application;
mod random;
mod server;

pub use application::{Application, ApplicationReport, Failure, Request, application};
pub use server::{BoxError, Check, Outcome, Row, Running, Server, ServerReport, checks, server};
