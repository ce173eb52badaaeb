//! What handlers take.

mod cookie;
mod field;
mod form;
mod path;
mod query;
mod raw;
mod state;
mod text;

pub use self::cookie::{CookieParams, Cookies};
pub use field::Header;
pub use form::Form;
pub use path::Path;
pub use query::Query;
pub use state::{Extension, State};
#[cfg(feature = "multipart")]
pub(crate) use text::members;
