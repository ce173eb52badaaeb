#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod application;
mod random;

pub use application::{Application, ApplicationReport, Failure, Request, application};
