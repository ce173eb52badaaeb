use super::{IntoResponse, Response};
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// A redirect. What may not stand in a URI is percent-encoded; where it leads is not looked at: do not send anyone where
/// the request says.
///
/// ```
/// use transom_web::Redirect;
///
/// async fn old() -> Redirect {
///     Redirect::permanent("/new")
/// }
/// # transom_web::Router::new().get("/old", old);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    status: u16,
    location: String,
}

/// What is not allowed anywhere in a URI (RFC 3986 section 2), but for `%`, which is taken to be encoded already.
const NOT_URI: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

impl Redirect {
    /// To be got there: 303, as after a form was sent.
    pub fn to(uri: &str) -> Self {
        Self::with(303, uri)
    }

    /// The same request, there, this time: 307.
    pub fn temporary(uri: &str) -> Self {
        Self::with(307, uri)
    }

    /// The same request, there, from now on: 308.
    pub fn permanent(uri: &str) -> Self {
        Self::with(308, uri)
    }

    /// With another status: 300 to 399.
    pub fn with(status: u16, uri: &str) -> Self {
        Self { status, location: utf8_percent_encode(uri, NOT_URI).to_string() }
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        Response::new(Bytes::new()).status(self.status).header("location", self.location)
    }
}

#[test]
fn nothing_gets_out_of_the_field() {
    let redirect = Redirect::to("/a b\r\nset-cookie: ü=%C3");
    assert_eq!(redirect.location, "/a%20b%0D%0Aset-cookie:%20%C3%BC=%C3");
}
