#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod broadcast;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "file")]
pub mod file;
#[cfg(feature = "middleware")]
pub mod middleware;
#[cfg(feature = "multipart")]
pub mod multipart;
#[cfg(feature = "sse")]
pub mod sse;
#[cfg(feature = "template")]
pub mod template;
pub mod websocket;
