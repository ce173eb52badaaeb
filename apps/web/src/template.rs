//! HTML from templates, those of [`minijinja`].

mod request;

use crate::{Error, FromHead, Html, RequestHead, State};
use minijinja::value::Serde;
pub use minijinja::{self, context};
use minijinja::{AutoEscape, Environment, Value, path_loader};
use request::{Context, url_for};
use serde::Serialize;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Templates, kept in the state of the application.
///
/// As an argument of a handler they know its request: `url_for('card', id=7)` is the [path](crate::Urls) of a route, and
/// `request` has `method`, `path` and `query`. By [`State`] they are got without.
///
/// ```
/// use transom_web::template::{Templates, context};
/// use transom_web::{Error, Html, Lifespan, Router, get};
///
/// async fn life(lifespan: Lifespan) -> Result<(), Error> {
///     let templates = Templates::embedded([
///         ("page.html", "<title>{{ title }}</title>{% block body %}{% endblock %}"),
///         ("card.html", "{% extends 'page.html' %}{% block body %}{{ url_for('card', id=id) }}{% endblock %}"),
///     ])?;
///     let running = lifespan.ready(transom::State::new().with(templates)).await?;
///     running.stopped().await;
///     Ok(())
/// }
///
/// async fn card(templates: Templates) -> Result<Html<String>, Error> {
///     templates.render("card.html", context! { title => "a < b", id => 7 })
/// }
///
/// let app = Router::new().route("/cards/{id:int}", get(card).name("card")).lifespan(life);
/// let state = transom::memory::lifespan().run(app.clone()).state().unwrap().clone();
/// let outcome = transom::memory::http("GET", "/cards/1").state(state).run(app);
/// assert_eq!(outcome.body(), b"<title>a &lt; b</title>&#x2f;cards&#x2f;7");
/// ```
///
/// What is filled in is escaped for HTML, whatever the template is called, unless it is marked as `safe`. A value that is
/// not there is empty, and one asked of such a value a failure. What fails answers with 500; what it was is in the log
/// alone.
#[derive(Clone)]
pub struct Templates {
    environment: Arc<Environment<'static>>,
    context: Option<Context>,
}

impl Templates {
    /// The templates of a directory, by their paths below it. All files are templates whose names do not begin with a
    /// dot. They are read now; a debug build reads them again when they have changed.
    ///
    /// # Errors
    /// There is no such directory, or one of them is not a template.
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut environment = escaping();
        environment.set_loader(path_loader(path));
        environment.set_auto_reload(cfg!(debug_assertions));
        load(&environment, path, "").map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::from_environment(environment))
    }

    /// Templates that are a part of the program, by name: `("page.html", include_str!("page.html"))`.
    ///
    /// # Errors
    /// One of them is not a template.
    pub fn embedded(templates: impl IntoIterator<Item = (&'static str, &'static str)>) -> Result<Self, Error> {
        let mut environment = escaping();
        for (name, source) in templates {
            environment.add_template(name, source)?;
        }
        Ok(Self::from_environment(environment))
    }

    /// Those of an environment, with its own filters, functions and globals, and its own rules of what is escaped.
    /// `url_for` is added.
    pub fn from_environment(mut environment: Environment<'static>) -> Self {
        environment.add_function("url_for", url_for);
        Self { environment: Arc::new(environment), context: None }
    }

    /// What a template makes of these values: of a struct, a map, or a [`context!`].
    ///
    /// # Errors
    /// There is no such template, or it fails.
    pub fn render(&self, name: &str, values: impl Serialize) -> Result<Html<String>, Error> {
        let template = self.environment.get_template(name)?;
        let mut values = Value::from(Serde(values));
        if let Some(context) = &self.context {
            values = context.under(values);
        }
        Ok(Html(template.render(values)?))
    }
}

/// Loads the templates of a directory, whose names begin with `prefix`: what is wrong with them is found out when the
/// application starts, and no request waits for a file.
fn load(environment: &Environment<'_>, directory: &Path, prefix: &str) -> Result<(), Error> {
    for entry in directory.read_dir()? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(OsStr::to_str).filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            load(environment, &path, &(name + "/"))?;
        } else {
            environment.get_template(&name)?;
        }
    }
    Ok(())
}

/// What comes of its templates is HTML, whatever they are called.
fn escaping() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
}

impl FromHead for Templates {
    type Rejection = Error;

    async fn from_head(head: &mut RequestHead) -> Result<Self, Error> {
        let State(templates) = State::<Self>::from_head(head).await?;
        Ok(Self { context: Some(Context::of(head).await), ..templates })
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates").finish_non_exhaustive()
    }
}
