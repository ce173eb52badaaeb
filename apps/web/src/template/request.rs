use crate::{FromHead, RequestHead, Urls};
use minijinja::value::{Kwargs, Object, merge_maps};
use minijinja::{Error, ErrorKind, State, Value};
use std::sync::Arc;

/// What templates know of the request.
#[derive(Clone, Debug)]
pub(super) struct Context(Value);

/// `request`, as templates see it.
#[derive(Debug)]
struct Request {
    method: String,
    path: String,
    query: Option<String>,
    urls: Urls,
}

impl Context {
    pub(super) async fn of(head: &mut RequestHead) -> Self {
        let Ok(urls) = Urls::from_head(head).await;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let scope = head.scope();
        Self(Value::from_object(Request {
            method: scope.method().to_string(),
            path: text(scope.raw_path()),
            query: scope.query().map(text),
            urls,
        }))
    }

    /// Puts it under the values of a handler, which may have a `request` of their own.
    pub(super) fn under(&self, values: Value) -> Value {
        merge_maps([values, Value::from_pairs([("request", self.0.clone())])])
    }
}

impl Object for Request {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "method" => Some(self.method.clone().into()),
            "path" => Some(self.path.clone().into()),
            "query" => Some(self.query.clone().into()),
            _ => None,
        }
    }
}

/// The path of the route `name` for the parameters that are given by name.
pub(super) fn url_for(state: &mut State<'_, '_>, name: &str, params: Kwargs) -> Result<String, Error> {
    let invalid = |detail: String| Error::new(ErrorKind::InvalidOperation, detail);
    let request = state.lookup("request");
    let request = request.as_ref().and_then(Value::downcast_object_ref::<Request>);
    let request = request.ok_or_else(|| invalid("url_for: these templates know of no request".to_owned()))?;
    let mut values = Vec::new();
    for param in params.args() {
        values.push((param, params.get::<Value>(param)?.to_string()));
    }
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, &**value)).collect();
    request.urls.path(name, &values).map_err(|error| invalid(format!("url_for: {error}")))
}
