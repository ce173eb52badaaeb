//! Templates: where they are, what they know, and what becomes of their faults.
#![cfg(feature = "template")]

use serde::Serialize;
use std::fs;
use transom::lint::lint;
use transom::memory::{self, Outcome, Verdict};
use transom_web::template::{Templates, context, minijinja};
use transom_web::{Error, Html, Router, State, get};

#[derive(Serialize)]
struct Values {
    name: &'static str,
}

const VALUES: Values = Values { name: "<b>&" };

async fn page(templates: Templates) -> Result<Html<String>, Error> {
    templates.render("page.html", VALUES)
}

async fn without(State(templates): State<Templates>) -> Result<Html<String>, Error> {
    templates.render("page.html", VALUES)
}

fn run(target: &str, templates: Templates) -> Outcome {
    let inner = Router::new().route("/cards/{id:int}/{rest}", get(page).name("card")).get("/without", without);
    let state = transom::State::new().with(templates);
    memory::http("GET", target).state(state).run(lint(Router::new().mount("/base", inner)))
}

/// What a template makes of a request.
fn show(source: &'static str) -> String {
    let outcome = run("/base/cards/7/x?a=b", Templates::embedded([("page.html", source)]).unwrap());
    assert_eq!(outcome.header("content-type"), Some("text/html; charset=utf-8"), "{:?}", outcome.result);
    String::from_utf8_lossy(outcome.body()).into_owned()
}

#[test]
fn what_is_filled_in_is_escaped() {
    assert_eq!(show("<p>{{ name }}"), "<p>&lt;b&gt;&amp;");
    assert_eq!(show("{{ name|safe }}{{ missing }}"), "<b>&");
    let text = Templates::embedded([("mail.txt", "{{ name }}")]).unwrap();
    assert_eq!(text.render("mail.txt", VALUES).unwrap().0, "&lt;b&gt;&amp;");
}

#[test]
fn templates_know_their_request() {
    // Slashes are escaped too, which is of no matter to a browser.
    assert_eq!(
        show("{{ request.method }} {{ request.path }} {{ request.query }}"),
        "GET &#x2f;base&#x2f;cards&#x2f;7&#x2f;x a=b"
    );
    assert_eq!(show("{{ url_for('card', id=8, rest='a b') }}"), "&#x2f;base&#x2f;cards&#x2f;8&#x2f;a%20b");
    assert_eq!(
        show("{% macro link() %}{{ url_for('card', id=8, rest='x')|safe }}{% endmacro %}{{ link() }}"),
        "/base/cards/8/x"
    );
    // What a handler gives of that name is the handler's.
    let own = Templates::embedded([("page.html", "{{ request }}")]).unwrap();
    assert_eq!(own.render("page.html", context! { request => "own" }).unwrap().0, "own");
}

/// The client learns of none of them.
#[test]
fn faults_are_for_the_log() {
    for (target, source, fault) in [
        ("/base/cards/7/x", "{{ url_for('none') }}", "no route is called `none`"),
        ("/base/cards/7/x", "{{ url_for('card', id=8) }}", "the parameter `rest` has no value"),
        ("/base/cards/7/x", "{{ url_for('card', id='x', rest=1) }}", "not of the kind"),
        ("/base/cards/7/x", "{{ missing.member }}", "page.html:1"),
        ("/base/cards/7/x", "{% include 'none.html' %}", "none.html"),
        ("/base/without", "{{ url_for('card', id=8, rest='x') }}", "these templates know of no request"),
    ] {
        let outcome = run(target, Templates::embedded([("page.html", source)]).unwrap());
        assert_eq!((outcome.events.len(), outcome.verdict), (0, Verdict::Respond(500)), "{source}");
        let error = outcome.result.unwrap_err().to_string();
        assert!(error.contains(fault), "{error}");
    }
    assert!(Templates::embedded([("page.html", "{% if %}")]).unwrap_err().to_string().contains("page.html:1"));
}

#[test]
fn directories() {
    let directory = tempfile::tempdir().unwrap();
    assert!(Templates::from_dir(directory.path().join("none")).is_err());
    fs::create_dir(directory.path().join("parts")).unwrap();
    fs::write(directory.path().join("parts/name.html"), "<i>{{ name }}</i>").unwrap();
    fs::write(directory.path().join("page.html"), "{% include 'parts/name.html' %}").unwrap();
    assert!(Templates::from_dir(directory.path().join("page.html")).is_err());
    fs::write(directory.path().join(".hidden"), "{% if %}").unwrap();
    let templates = Templates::from_dir(directory.path()).unwrap();
    let outcome = run("/base/cards/7/x", templates.clone());
    assert_eq!(outcome.body(), b"<i>&lt;b&gt;&amp;</i>");
    assert!(templates.render("../page.html", ()).is_err());
    assert!(templates.render(".hidden", ()).is_err());
    // In a debug build, as it is now.
    fs::write(directory.path().join("parts/name.html"), "changed").unwrap();
    let body = if cfg!(debug_assertions) { &b"changed"[..] } else { b"<i>&lt;b&gt;&amp;</i>" };
    assert_eq!(run("/base/cards/7/x", templates).body(), body);
    fs::write(directory.path().join("parts/bad.html"), "{% if %}").unwrap();
    assert!(Templates::from_dir(directory.path()).unwrap_err().to_string().contains("parts/bad.html:1"));
}

#[test]
fn an_environment_of_ones_own() {
    let mut environment = minijinja::Environment::new();
    environment.add_filter("shout", |text: String| text.to_uppercase());
    environment.add_template("page.html", "{{ name|shout }}").unwrap();
    assert_eq!(run("/base/without", Templates::from_environment(environment)).body(), b"&lt;B&gt;&amp;");
}

#[test]
fn without_templates_it_fails() {
    let outcome = memory::http("GET", "/").run(lint(Router::new().get("/", page)));
    assert!(outcome.result.unwrap_err().to_string().contains("Templates"));
}
