//! What a failure looks like to who develops the application.

use super::catch_panic::Failure;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::fmt::Write;
use std::panic;
use std::sync::Once;
use transom::{Headers, HttpScope, Outgoing};

/// Where a panic happened.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) location: Box<str>,
    pub(super) backtrace: Box<str>,
}

#[derive(Default)]
enum Capturing {
    #[default]
    No,
    Yes(Option<Trace>),
}

thread_local! {
    static CAPTURING: RefCell<Capturing> = const { RefCell::new(Capturing::No) };
}

/// While it lives, the trace of a panic on this thread is kept.
pub(super) struct Capture {
    /// What was captured for a layer further out.
    outer: Capturing,
}

impl Capture {
    pub(super) fn begin() -> Self {
        Self { outer: CAPTURING.replace(Capturing::Yes(None)) }
    }

    pub(super) fn end(self) -> Option<Trace> {
        match CAPTURING.replace(self.outer) {
            Capturing::Yes(trace) => trace,
            Capturing::No => None,
        }
    }
}

/// Sets the panic hook that keeps traces, in front of the one that is there.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let location = info.location().map_or_else(|| "?".into(), ToString::to_string);
            // Not at the end of a thread, and not for a panic in here.
            let _ = CAPTURING.try_with(|capturing| {
                if let Ok(mut capturing) = capturing.try_borrow_mut()
                    && let Capturing::Yes(trace) = &mut *capturing
                {
                    let backtrace = Backtrace::force_capture().to_string().into();
                    *trace = Some(Trace { location: location.into(), backtrace });
                }
            });
            previous(info);
        }));
    });
}

/// The answer: a page where the client accepts HTML, else text.
pub(super) fn page(failure: &Failure, http: &HttpScope) -> Outgoing {
    let accepts_html = http.headers().get_all("accept").any(|value| {
        let ranges = transom::field::list(value).filter_map(|range| range.split(|&byte| byte == b';').next());
        ranges.map(<[u8]>::trim_ascii).any(|range| range.eq_ignore_ascii_case(b"text/html"))
    });
    let (content_type, body) = match accepts_html {
        true => ("text/html; charset=utf-8", html(failure, http)),
        false => ("text/plain; charset=utf-8", text(failure, http)),
    };
    let headers = [
        ("content-type", content_type),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("x-content-type-options", "nosniff"),
    ];
    Outgoing::Response { status: 500, headers: headers.into_iter().collect(), body: body.into() }
}

fn text(failure: &Failure, http: &HttpScope) -> String {
    let mut text = format!("{failure}\n");
    if let Some(location) = failure.location() {
        write_to(&mut text, format_args!("at {location}\n"));
    }
    write_to(&mut text, format_args!("\n{}\n", request_line(http)));
    for (name, value) in fields(http) {
        write_to(&mut text, format_args!("{name}: {value}\n"));
    }
    if let Some(backtrace) = failure.backtrace() {
        write_to(&mut text, format_args!("\n{backtrace}"));
    }
    text
}

fn html(failure: &Failure, http: &HttpScope) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><title>500 Internal Server Error</title><style>\
         body{font:16px/1.4 system-ui,sans-serif;margin:2em}pre{background:#eee;padding:1em;overflow:auto}\
         th{text-align:left;padding-right:1em;vertical-align:top}td{word-break:break-all}</style>",
    );
    let what = if failure.is_panic() { "Panic" } else { "Error" };
    write_to(&mut page, format_args!("<h1>{what}</h1><pre>{}</pre>", escape(&failure.to_string())));
    if let Some(location) = failure.location() {
        write_to(&mut page, format_args!("<p>at <code>{}</code></p>", escape(location)));
    }
    write_to(&mut page, format_args!("<h2>Request</h2><pre>{}</pre><table>", escape(&request_line(http))));
    for (name, value) in fields(http) {
        write_to(&mut page, format_args!("<tr><th>{}<td>{}", escape(&name), escape(&value)));
    }
    page.push_str("</table>");
    if let Some(backtrace) = failure.backtrace() {
        write_to(&mut page, format_args!("<h2>Backtrace</h2><pre>{}</pre>", escape(backtrace)));
    }
    page.push_str("</html>");
    page
}

fn request_line(http: &HttpScope) -> String {
    format!("{} {} {}", http.method(), http.target().escape_ascii(), http.version())
}

/// The fields, those that are secret hidden.
fn fields(http: &HttpScope) -> impl Iterator<Item = (String, String)> {
    let headers: &Headers = http.headers();
    headers.iter().map(|(name, value)| {
        let secret = ["auth", "cookie", "token", "secret", "password", "api-key", "signature", "session"];
        let is_secret = secret.iter().any(|part| name.contains(part));
        let value = if is_secret { "(hidden)".into() } else { value.escape_ascii().to_string() };
        (name.to_owned(), value)
    })
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}

fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // A `String` takes all that is written.
    let _ = text.write_fmt(arguments);
}
