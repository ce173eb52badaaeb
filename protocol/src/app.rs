use crate::{Capabilities, Error, Receiver, Scope, Sender};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// An application: one coroutine, called once per exchange.
///
/// Every `async fn(Scope, Receiver, Sender) -> Result<(), Error>` is one, and so is every closure of that
/// shape; a struct implements [`call`](App::call) as an `async fn`.
///
/// ```
/// use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender};
///
/// async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let Scope::Http(_) = scope else { return Err(Error::unsupported()) };
///     let headers = Headers::from_static(&[("content-type", "text/plain")]);
///     send.send(Outgoing::Response { status: 200, headers, body: "Hello, World!".into() }).await?;
///     Ok(())
/// }
/// fn is_an_app(_: impl transom::App) {}
/// is_an_app(app);
/// ```
///
/// # The life of a call
///
/// The server does not drop a call because its peer left, a timeout passed or the response is complete: it
/// runs until it returns, so that it can clean up. (Only after the shutdown grace is it dropped.) The
/// exchange ends with the call: a handle kept beyond it is dead.
///
/// # Errors
///
/// What the server does with an `Err`, a panic, or an `Ok` before the response is complete depends on how far the
/// response came. Before it was started the server answers: 501 for [`Error::unsupported`], else 500; and where the
/// request was at fault, that is where `recv` gave `End(Timeout)` or `End(BadRequest)`, 408, 413 if it was too large
/// or 400. Afterwards the response is cut off so that the peer sees it. When it was complete, or the peer is lost,
/// there is nothing to be done. An `Err` is logged, but for a disconnect ([`Error::is_disconnect`]) of an exchange
/// that is lost.
pub trait App: Send + Sync + 'static {
    /// Serves one exchange.
    fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> impl Future<Output = Result<(), Error>> + Send;

    /// What the application was written for and what it needs. A layer forwards it.
    fn manifest(&self) -> Manifest {
        Manifest::default()
    }
}

impl<F, Fut> App for F
where
    F: Fn(Scope, Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> impl Future<Output = Result<(), Error>> + Send {
        self(scope, receive, send)
    }
}

impl<A: App> App for Arc<A> {
    fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> impl Future<Output = Result<(), Error>> + Send {
        A::call(self, scope, receive, send)
    }

    fn manifest(&self) -> Manifest {
        A::manifest(self)
    }
}

/// Any application as one type, for routers and lists; each call costs one allocation.
///
/// ```
/// use transom::{BoxApp, Error, Receiver, Scope, Sender};
///
/// async fn one(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> { Err("one".into()) }
/// async fn two(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> { Err("two".into()) }
/// let apps = [BoxApp::new(one), BoxApp::new(two)];
/// ```
#[derive(Clone)]
pub struct BoxApp(Arc<dyn DynApp>);

impl BoxApp {
    /// Hides the type of `app`.
    pub fn new(app: impl App) -> Self {
        Self(Arc::new(app))
    }
}

impl App for BoxApp {
    fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> impl Future<Output = Result<(), Error>> + Send {
        self.0.call_boxed(scope, receive, send)
    }

    fn manifest(&self) -> Manifest {
        self.0.manifest_boxed()
    }
}

impl fmt::Debug for BoxApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxApp")
    }
}

type BoxFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// The object-safe twin of [`App`].
trait DynApp: Send + Sync + 'static {
    fn call_boxed(&self, scope: Scope, receive: Receiver, send: Sender) -> BoxFuture<'_>;
    fn manifest_boxed(&self) -> Manifest;
}

impl<A: App> DynApp for A {
    fn call_boxed(&self, scope: Scope, receive: Receiver, send: Sender) -> BoxFuture<'_> {
        Box::pin(self.call(scope, receive, send))
    }

    fn manifest_boxed(&self) -> Manifest {
        self.manifest()
    }
}

/// The version of the contract: `SPEC.md` and this crate move together.
///
/// A minor version adds capabilities, variants and fields and never changes a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpecVersion {
    /// Incompatible changes.
    pub major: u16,
    /// Additions.
    pub minor: u16,
}

impl SpecVersion {
    /// The version that this crate describes.
    pub const CURRENT: Self = Self { major: 0, minor: 1 };
}

impl fmt::Display for SpecVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What an application says of itself before it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// The version it was written for; it is not given events that came later.
    pub spec: SpecVersion,
    /// What it would like switched on; what the server lacks of it is simply absent from the scope.
    pub wants: Capabilities,
    /// What it cannot do without: a server that lacks any of it refuses to start.
    pub requires: Capabilities,
}

impl Manifest {
    /// This manifest with `wants` asked for.
    pub fn wanting(mut self, wants: Capabilities) -> Self {
        self.wants = wants;
        self
    }

    /// This manifest with `requires` insisted on.
    pub fn requiring(mut self, requires: Capabilities) -> Self {
        self.requires = requires;
        self
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self { spec: SpecVersion::CURRENT, wants: Capabilities::NONE, requires: Capabilities::NONE }
    }
}

/// SPEC: VERSION-1
#[test]
fn the_version_is_that_of_the_crate() {
    let number = |text: &str| text.parse::<u16>().expect("Cargo has checked it");
    let (major, minor) = (number(env!("CARGO_PKG_VERSION_MAJOR")), number(env!("CARGO_PKG_VERSION_MINOR")));
    assert_eq!(SpecVersion::CURRENT, SpecVersion { major, minor });
}
