use super::Routes;
use crate::{FromHead, RequestHead};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

/// The paths of the routes that have names; an argument of handlers, too.
///
/// ```
/// use transom_web::{Redirect, Router, UrlError, Urls, get};
///
/// async fn show() {}
///
/// async fn newest(urls: Urls) -> Result<Redirect, transom_web::Error> {
///     Ok(Redirect::to(&urls.path("card", &[("id", "7")])?))
/// }
///
/// let router = Router::new().route("/cards/{id:int}", get(show).name("card")).get("/newest", newest);
/// assert_eq!(router.urls().path("card", &[("id", "7")]).unwrap(), "/cards/7");
/// assert_eq!(router.urls().path("card", &[]), Err(UrlError::Missing("id".into())));
/// ```
#[derive(Clone, Debug)]
pub struct Urls {
    routes: Arc<Routes>,
    root: String,
}

/// Why there is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// No route has this name.
    Unknown(String),
    /// The route has this parameter, and there is no value for it.
    Missing(String),
    /// The route has no such parameter.
    Extra(String),
    /// A value is not of its parameter's kind.
    BadValue,
}

impl Urls {
    pub(super) fn new(routes: Arc<Routes>, root: String) -> Self {
        Self { routes, root }
    }

    /// The path of the route `name` for these parameters, what is mounted above the router included.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn path(&self, name: &str, params: &[(&str, &str)]) -> Result<String, UrlError> {
        let node = *self.routes.names.get(name).ok_or_else(|| UrlError::Unknown(name.to_owned()))?;
        let pattern = self.routes.pattern(node);
        let names = pattern.names();
        if let Some((extra, _)) = params.iter().find(|(name, _)| !names.iter().any(|own| **own == **name)) {
            return Err(UrlError::Extra((*extra).to_owned()));
        }
        let value = |name: &str| params.iter().find(|param| param.0 == name).map(|param| param.1);
        let values: Result<Vec<&str>, _> =
            names.iter().map(|name| value(name).ok_or_else(|| UrlError::Missing(name.to_string()))).collect();
        let path = pattern.fill(&values?).ok_or(UrlError::BadValue)?;
        Ok(format!("{}{path}", self.root))
    }
}

impl FromHead for Urls {
    type Rejection = Infallible;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Infallible> {
        let root = String::from_utf8_lossy(head.scope().root_path()).into_owned();
        Ok(Self::new(Arc::clone(head.routes()), root))
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "no route is called `{name}`"),
            Self::Missing(name) => write!(f, "the parameter `{name}` has no value"),
            Self::Extra(name) => write!(f, "the route has no parameter `{name}`"),
            Self::BadValue => f.write_str("a value is not of the kind of its parameter"),
        }
    }
}

impl std::error::Error for UrlError {}
