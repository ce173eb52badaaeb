#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[macro_use]
mod arity;
mod blocking;
mod body;
pub mod broadcast;
#[cfg(feature = "client")]
pub mod client;
#[cfg(any(feature = "file", feature = "compression"))]
mod coding;
pub mod extract;
#[cfg(feature = "file")]
pub mod file;
mod handler;
pub mod lifespan;
mod media_type;
#[cfg(feature = "middleware")]
pub mod middleware;
#[cfg(feature = "multipart")]
pub mod multipart;
mod path;
pub mod problem;
mod request;
pub mod response;
pub mod router;
#[cfg(feature = "sse")]
pub mod sse;
#[cfg(feature = "template")]
pub mod template;
pub mod websocket;

pub use body::{Body, BodyError, DEFAULT_BODY_LIMIT};
pub use cookie::{self, Cookie};
pub use extract::{CookieParams, Cookies, Extension, Form, Header, Path, Query, State};
pub use handler::{Blocking, Handler, blocking};
pub use lifespan::{Draining, Lifespan};
pub use path::Params;
pub use problem::Problem;
pub use request::{ByHead, ByRequest, FromHead, FromRequest, Request, RequestHead};
pub use response::{EarlyHints, Html, IntoResponse, Json, Redirect, Response, StreamBody};
pub use router::{Route, Router, UrlError, Urls, any, delete, get, head, on, options, patch, post, put};
pub use transom::Error;
pub use websocket::{Handshake, WebSocket};
