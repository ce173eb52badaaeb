//! The application of these tests: each row says what it does in each call, and it tells what it saw.

use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use transom::{
    Address, App, BodyHint, End, Error, FileBody, FileSource, Headers, HttpScope, Incoming, Outgoing, Receiver, Scope,
    SendError, Sender,
};
use transom_tests::Watched;

/// What the application does in one call.
pub(crate) type Script = fn() -> Vec<Step>;

pub(crate) enum Step {
    /// Receives the request to its end; if it is broken off, the call returns.
    Read,
    /// The same, and goes on in any case.
    ReadAnyhow,
    /// Receives raw bytes until there are so many.
    Receive(usize),
    /// What is received next is the end of one direction of a tunnel.
    ReceiveEnd,
    /// What is received next is this end of the exchange.
    Ends(End),
    /// Sends, which must succeed.
    Send(Outgoing),
    /// Sends, which must fail.
    Refused(Outgoing, SendError),
    /// Waits until everything is written.
    Flush,
    /// Returns this.
    Return(Result<(), Error>),
    Panic,
    DropSender,
    DropReceiver,
}

/// What was asked of the application over one connection, and what it noticed.
#[derive(Default)]
pub(crate) struct Act {
    scripts: VecDeque<Script>,
    /// Each call: a head, a body, and how it ended if not well, as text.
    pub(crate) seen: Vec<Vec<u8>>,
    /// What went other than its script says.
    pub(crate) complaints: Vec<String>,
}

/// The application.
#[derive(Clone, Default)]
pub(crate) struct Stage {
    acts: Arc<Mutex<HashMap<SocketAddr, Act>>>,
    /// Where it is called.
    pub(crate) thread: Arc<OnceLock<Watched>>,
}

impl Stage {
    /// Says what it does when `client` calls; after that it does the usual.
    pub(crate) fn expect(&self, client: SocketAddr, scripts: &[Script]) {
        let act = Act { scripts: scripts.iter().copied().collect(), ..Act::default() };
        self.lock().insert(client, act);
    }

    /// What became of it.
    pub(crate) fn take(&self, client: SocketAddr) -> Act {
        self.lock().remove(&client).expect("it was expected")
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Act>> {
        self.acts.lock().expect("nothing panics while it is held")
    }

    fn act<T>(&self, client: SocketAddr, look: impl FnOnce(&mut Act) -> T) -> T {
        look(self.lock().entry(client).or_default())
    }
}

/// The usual: reads, and says that all is well.
pub(crate) fn usual() -> Vec<Step> {
    vec![Step::Read, respond(200, &[], "ok")]
}

pub(crate) fn respond(status: u16, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Step {
    Step::Send(Outgoing::Response { status, headers: headers(fields), body: body.into() })
}

pub(crate) fn start(status: u16, fields: &[(&str, &str)]) -> Step {
    Step::Send(Outgoing::Start { status, headers: headers(fields) })
}

pub(crate) fn more(data: impl Into<Bytes>) -> Step {
    Step::Send(Outgoing::Body { data: data.into(), more: true })
}

pub(crate) fn last(data: impl Into<Bytes>) -> Step {
    Step::Send(Outgoing::Body { data: data.into(), more: false })
}

pub(crate) fn inform(status: u16, fields: &[(&str, &str)]) -> Step {
    Step::Send(Outgoing::Informational { status, headers: headers(fields) })
}

pub(crate) fn trailers(fields: &[(&str, &str)]) -> Step {
    Step::Send(Outgoing::Trailers(headers(fields)))
}

pub(crate) fn file(source: FileSource, offset: u64, len: u64, more: bool) -> Step {
    Step::Send(Outgoing::File { file: FileBody { source, offset, len }, more })
}

/// The step is refused.
pub(crate) fn refused(step: Step, error: impl Into<SendError>) -> Step {
    match step {
        Step::Send(event) => Step::Refused(event, error.into()),
        _ => panic!("only what is sent is refused"),
    }
}

pub(crate) fn fail() -> Step {
    Step::Return(Err("as the script says".into()))
}

fn headers(fields: &[(&str, &str)]) -> Headers {
    fields.iter().copied().collect()
}

impl App for Stage {
    async fn call(&self, scope: Scope, receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
        if scope.local_path() == b"/after" {
            self.thread.get_or_init(Watched::current);
            let event = Outgoing::Response { status: 200, headers: Headers::new(), body: "after".into() };
            return Ok(send.send(event).await?);
        }
        let Address::Ip(client) = scope.connection().client else { return Err("no client".into()) };
        let script = self.act(client, |act| {
            act.seen.push(describe(&scope));
            act.scripts.pop_front()
        });
        let call = Call { stage: self.clone(), client, hint: scope.body() };
        call.play(script.unwrap_or(usual)(), receive, send).await
    }
}

fn describe(scope: &HttpScope) -> Vec<u8> {
    let mut text = format!("{} ", scope.method()).into_bytes();
    if !scope.root_path().is_empty() {
        text.extend_from_slice(scope.root_path());
        text.push(b'|');
    }
    text.extend_from_slice(&scope.target()[scope.root_path().len()..]);
    text.extend(format!(" {}", scope.version()).bytes());
    text.extend(scope.protocol().into_iter().flat_map(|protocol| format!(" to {protocol}").into_bytes()));
    for (name, value) in scope.headers() {
        text.extend([b"\n", name.as_bytes(), b": ", value].concat());
    }
    text.extend(b"\n\n");
    text
}

/// One call.
struct Call {
    stage: Stage,
    client: SocketAddr,
    hint: BodyHint,
}

impl Call {
    async fn play(self, steps: Vec<Step>, receive: Receiver, send: Sender) -> Result<(), Error> {
        let (mut receive, mut send) = (Some(receive), Some(send));
        for step in steps {
            match step {
                Step::Read if !self.read(kept(&mut receive)).await => return Ok(()),
                Step::Read => {}
                Step::ReadAnyhow => drop(self.read(kept(&mut receive)).await),
                Step::Receive(count) => self.receive(kept(&mut receive), count).await,
                Step::Ends(end) => match kept(&mut receive).recv().await {
                    Incoming::End(received) if received == end => {}
                    other => self.complain(format!("received {other:?}, not {end:?}")),
                },
                Step::ReceiveEnd => match kept(&mut receive).recv().await {
                    Incoming::Body { data, more: false } if data.is_empty() => {}
                    other => self.complain(format!("received {other:?}, not the end")),
                },
                Step::Return(result) => return result,
                Step::Panic => panic!("as the script says"),
                Step::DropSender => send = None,
                Step::DropReceiver => receive = None,
                Step::Send(_) | Step::Refused(..) | Step::Flush => self.send(kept(&mut send), step).await,
            }
        }
        Ok(())
    }

    async fn send(&self, sender: &mut Sender, step: Step) {
        match step {
            Step::Send(event) => {
                if let Err(error) = sender.send(event).await {
                    self.complain(format!("{error:?}"));
                }
            }
            Step::Refused(event, error) => match sender.send(event).await {
                Err(other) if other == error => {}
                other => self.complain(format!("{other:?}, not {error:?}")),
            },
            _ => {
                if let Err(error) = sender.flush().await {
                    self.complain(format!("{error:?}"));
                }
            }
        }
    }

    /// Whether the request came to its end.
    async fn read(&self, receiver: &mut Receiver) -> bool {
        let mut length = 0;
        let mut more = true;
        while more {
            match receiver.recv().await {
                Incoming::Body { data, more: follows } => {
                    length += data.len() as u64;
                    self.note(&data);
                    more = follows;
                }
                Incoming::Trailers(fields) => {
                    let lines = fields.iter().map(|(name, value)| [b"\n", name.as_bytes(), b": ", value].concat());
                    self.note(&lines.collect::<Vec<_>>().concat());
                    more = false;
                }
                Incoming::End(end) => {
                    self.note(format!("!{end:?}").as_bytes());
                    return false;
                }
                other => self.complain(format!("received {other:?}")),
            }
        }
        if matches!(self.hint, BodyHint::None if length > 0)
            || matches!(self.hint, BodyHint::Exact(announced) if announced != length)
        {
            self.complain(format!("{length} bytes, with {:?}", self.hint));
        }
        true
    }

    async fn receive(&self, receiver: &mut Receiver, mut count: usize) {
        while count > 0 {
            match receiver.recv().await {
                Incoming::Body { data, more: true } if data.len() <= count => {
                    count -= data.len();
                    self.note(&data);
                }
                other => return self.complain(format!("received {other:?}, {count} bytes too early")),
            }
        }
    }

    fn note(&self, text: &[u8]) {
        self.stage.act(self.client, |act| {
            if let Some(seen) = act.seen.last_mut() {
                seen.extend_from_slice(text);
            }
        });
    }

    fn complain(&self, complaint: String) {
        self.stage.act(self.client, |act| act.complaints.push(complaint));
    }
}

fn kept<T>(handle: &mut Option<T>) -> &mut T {
    handle.as_mut().expect("a script that uses a handle did not drop it")
}
