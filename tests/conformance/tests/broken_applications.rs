//! Each thing that is asked of an application finds somebody who does not do it.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;
use std::thread;
use std::time::Duration;
use transom::{App, BoxApp, Error, Headers, HttpScope, Incoming, Outgoing, Receiver, Scope, Sender, State};
use transom_conformance::{Request, application};

struct Broken {
    /// What is wrong with it.
    name: &'static str,
    app: BoxApp,
    request: Request,
    /// What is said of it.
    message: &'static str,
}

fn broken(name: &'static str, request: Request, message: &'static str, app: impl App) -> Broken {
    Broken { name, app: BoxApp::new(app), request, message }
}

fn http<Fut>(call: impl Fn(HttpScope, Receiver, Sender) -> Fut + Send + Sync + 'static) -> impl App
where
    Fut: Future<Output = Result<(), Error>> + Send + 'static,
{
    move |scope: Scope, receive: Receiver, send: Sender| {
        let call = match scope {
            Scope::Http(scope) => Some(call(scope, receive, send)),
            _ => None,
        };
        async {
            match call {
                Some(call) => call.await,
                None => Err(Error::unsupported()),
            }
        }
    }
}

fn start() -> Outgoing {
    Outgoing::Start { status: 200, headers: Headers::new() }
}

fn body(data: &'static str, more: bool) -> Outgoing {
    Outgoing::Body { data: data.into(), more }
}

fn ok() -> Outgoing {
    Outgoing::Response { status: 200, headers: Headers::new(), body: "ok".into() }
}

async fn read(receive: &mut Receiver) -> Result<Vec<u8>, Error> {
    let mut read = Vec::new();
    loop {
        match receive.recv().await {
            Incoming::Body { data, more } => {
                read.extend_from_slice(&data);
                if !more {
                    return Ok(read);
                }
            }
            Incoming::End(end) => return Err(transom::SendError::Disconnected(end).into()),
            _ => return Ok(read),
        }
    }
}

/// Panics when it is dropped early.
struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0 || thread::panicking(), "dropped too early");
    }
}

fn all() -> Vec<Broken> {
    let get = || Request::http("GET", "/");
    let post = || Request::http("POST", "/");
    vec![
        broken(
            "sends in the wrong order",
            get(),
            "HTTP-SEND-1: the application sent Body before Start",
            http(|_, _receive, mut send| async move {
                let _ = send.send(body("early", true)).await;
                Ok(send.send(ok()).await?)
            }),
        ),
        broken(
            "announces a length before it knows it",
            post(),
            "HTTP-SEND-12: ",
            http(|scope, mut receive, mut send| async move {
                let length = scope.headers().get("content-length").unwrap_or(b"1").to_vec();
                let mut headers = Headers::new();
                headers.push("content-length", &length);
                send.send(Outgoing::Start { status: 200, headers }).await?;
                // Whatever the first event has is taken for everything.
                if let Incoming::Body { data, .. } = receive.recv().await {
                    send.send(Outgoing::Body { data, more: false }).await?;
                }
                Ok(())
            }),
        ),
        broken(
            "takes a body for one event",
            post().body("12"),
            "RETURN-1: ",
            http(|_, mut receive, mut send| async move {
                let Incoming::Body { data, more: false } = receive.recv().await else { return Ok(()) };
                Ok(send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: data }).await?)
            }),
        ),
        broken(
            "does not expect that a body is cut off",
            post(),
            "the application panics: ",
            http(|_, mut receive, mut send| async move {
                read(&mut receive).await.unwrap();
                Ok(send.send(ok()).await?)
            }),
        ),
        broken(
            "does not expect that its peer leaves",
            get(),
            "the application panics: ",
            http(|_, _receive, mut send| async move {
                send.send(start()).await.unwrap();
                send.send(body("", false)).await.unwrap();
                Ok(())
            }),
        ),
        broken(
            "takes a peer that leaves for a failure",
            get(),
            "the application fails when its peer leaves: no room",
            http(|_, _receive, mut send| async move { send.send(ok()).await.map_err(|_| Error::from("no room")) }),
        ),
        broken(
            "panics when it is dropped",
            get(),
            "the application panics: dropped too early",
            http(|_, _receive, mut send| async move {
                let mut bomb = Bomb(true);
                let result = send.send(ok()).await;
                bomb.0 = false;
                Ok(result?)
            }),
        ),
        broken(
            "goes on without its peer",
            get(),
            "the application does not return, and its peer is gone",
            http(|_, mut receive, mut send| async move {
                send.send(ok()).await?;
                loop {
                    if let Incoming::End(_) = receive.recv().await {
                        pending::<()>().await;
                    }
                }
            }),
        ),
        broken(
            "forgets to be woken",
            get(),
            "the application does not return, and its peer is gone",
            http(|_, _receive, mut send| async move {
                send.send(start()).await?;
                let mut polled = false;
                poll_fn(|_| match std::mem::replace(&mut polled, true) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                })
                .await;
                Ok(send.send(body("", false)).await?)
            }),
        ),
        broken(
            "asks again and again",
            get(),
            "the application is polled again and again, and its peer is gone",
            http(|_, mut receive, mut send| async move {
                send.send(ok()).await?;
                poll_fn::<(), _>(|cx| {
                    let _ = receive.poll_recv(cx);
                    cx.waker().wake_by_ref();
                    Poll::Pending
                })
                .await;
                Ok(())
            }),
        ),
        broken(
            "takes a poll for an event",
            get(),
            "the application panics: polled and not woken",
            http(|_, mut receive, mut send| async move {
                send.send(ok()).await?;
                let mut recv = pin!(async move { while !matches!(receive.recv().await, Incoming::End(_)) {} });
                let mut polls = 0;
                poll_fn(|cx| {
                    polls += 1;
                    assert!(polls < 6, "polled and not woken");
                    recv.as_mut().poll(cx)
                })
                .await;
                Ok(())
            }),
        ),
        broken(
            "belongs to a thread",
            get(),
            "the application panics: another thread",
            http(|_, _receive, mut send| async move {
                let thread = thread::current().id();
                let result = send.send(ok()).await;
                assert!(thread == thread::current().id(), "another thread");
                Ok(result?)
            }),
        ),
        broken("bears one call at a time", get(), "the application panics: another call", {
            let lock: &'static Mutex<()> = Box::leak(Box::default());
            http(move |_, mut receive, mut send| async move {
                read(&mut receive).await?;
                {
                    let _guard = lock.try_lock().unwrap_or_else(|_| panic!("another call"));
                    thread::sleep(Duration::from_millis(2));
                }
                Ok(send.send(ok()).await?)
            })
        }),
        broken(
            "blocks",
            get(),
            "APP-6: the application blocks the thread that polls it",
            http(|_, _receive, _send| async {
                loop {
                    thread::park();
                }
            }),
        ),
        broken(
            "sends a message that is too late",
            Request::websocket("/"),
            "WS-2: ",
            |scope: Scope, _receive: Receiver, mut send: Sender| async move {
                let Scope::WebSocket(_) = scope else { return Err(Error::unsupported()) };
                send.send(Outgoing::Close { code: 1000, reason: "".into() }).await?;
                send.send(Outgoing::Message(transom::Message::Text("late".into()))).await?;
                Ok(())
            },
        ),
        broken(
            "is always ready",
            Request::lifespan(),
            "LIFE-6: ",
            |scope: Scope, mut receive: Receiver, mut send: Sender| async move {
                let Scope::Lifespan(_) = scope else { return Err(Error::unsupported()) };
                loop {
                    let _ = send.send(Outgoing::Ready(State::new())).await;
                    if let Incoming::Shutdown = receive.recv().await {
                        return Ok(());
                    }
                }
            },
        ),
        broken(
            "does not stop",
            Request::lifespan(),
            "the application does not return after Shutdown, or is not ready",
            |scope: Scope, _receive: Receiver, mut send: Sender| async move {
                let Scope::Lifespan(_) = scope else { return Err(Error::unsupported()) };
                send.send(Outgoing::Ready(State::new())).await?;
                pending().await
            },
        ),
    ]
}

#[test]
fn each_is_found() {
    for Broken { name, app, request, message } in all() {
        let report = application(app).requests([request]).cases(60).patience(Duration::from_millis(50)).run();
        let found = report.failures().iter().find(|failure| failure.message.starts_with(message));
        assert!(found.is_some(), "{name}: {report}");
    }
}

/// What is reported can be seen again, and is as simple as it can be.
#[test]
fn a_failure_comes_again() {
    let app = || {
        http(|_, mut receive, mut send| async move {
            read(&mut receive).await.unwrap();
            Ok(send.send(ok()).await?)
        })
    };
    let request = || [Request::http("POST", "/").body("1234567")];
    let report = application(app()).requests(request()).seed(3).run();
    let failure = &report.failures()[0];
    let again = application(app()).requests(request()).seed(failure.seed).cases(1).run();
    assert_eq!(again.failures()[0], *failure);
    assert!(failure.script.lines().count() <= 4, "{failure}");
}
