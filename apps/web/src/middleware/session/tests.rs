use super::*;
use crate::middleware::head::request;
use crate::middleware::trial::{self, hello};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use transom::lint::lint;
use transom::memory::{self, Outcome};
use transom::{Headers, HttpScope, Message};

const SECRET: [u8; 32] = [1; 32];

/// An application with a name.
struct Hello;

impl App for Hello {
    fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> impl Future<Output = Result<(), Error>> + Send {
        hello(scope, receive, send)
    }
}

/// An application that does this with its session, and answers.
fn with(act: impl Fn(&Session) + Clone + Send + Sync + 'static) -> impl App {
    move |scope: Scope, _receive: Receiver, mut send: Sender| {
        let session = request(&scope).and_then(Session::of).expect("there is a session");
        act(&session);
        async move { Ok(send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: "".into() }).await?) }
    }
}

fn run(app: impl App, cookie: &str) -> Outcome {
    let script = memory::http("GET", "/");
    let script = if cookie.is_empty() { script } else { script.header("cookie", cookie) };
    script.run(app)
}

/// What the browser sends back.
fn cookie(outcome: &Outcome) -> String {
    outcome.header("set-cookie").expect("a cookie is set").split(';').next().unwrap().to_owned()
}

/// A cookie with `a` set to 1.
fn one(change: impl FnOnce(Sessions<Hello>) -> Sessions<Hello>) -> String {
    let sessions = change(Sessions::new(Hello, SECRET));
    let Sessions { codec, .. } = sessions;
    let values = [("a".to_owned(), 1.into())].into_iter().collect();
    codec.encode(&values).split(';').next().unwrap().to_owned()
}

#[test]
fn fields_say_what_was_done() {
    let one = one(|sessions| sessions);
    type Act = fn(&Session);
    let rows: [(Act, &str, bool, bool); 10] = [
        (|_| {}, "", false, false),
        (|_| {}, &one, false, false),
        (|session| assert!(session.is_empty()), "", false, true),
        (|session| assert_eq!(session.get::<u8>("a").unwrap(), Some(1)), &one, false, true),
        (|session| assert_eq!(session.names(), ["a"]), &one, false, true),
        (|session| session.insert("a", 2).unwrap(), &one, true, true),
        (|session| session.insert("a", 1).unwrap(), &one, false, true),
        (|session| session.remove("b").unwrap(), &one, false, true),
        (|session| session.remove("a").unwrap(), &one, true, true),
        (|session| session.clear().unwrap(), "", false, true),
    ];
    for (number, (act, given, sets, varies)) in rows.into_iter().enumerate() {
        let outcome = run(Sessions::new(with(act), SECRET), given);
        assert_eq!(outcome.header("set-cookie").is_some(), sets, "row {number}");
        assert_eq!(outcome.header("vary"), varies.then_some("cookie"), "row {number}");
    }
    let removed = run(Sessions::new(with(|session| session.clear().unwrap()), SECRET), &one);
    let removed = removed.header("set-cookie").unwrap();
    assert!(removed.starts_with("session=;") && removed.contains("Max-Age=0"), "{removed}");
}

#[test]
fn attributes() {
    let set = |change: fn(Sessions<Hello>) -> Sessions<Hello>| {
        let Sessions { codec, .. } = change(Sessions::new(Hello, SECRET));
        let cookie = codec.encode(&[("a".to_owned(), 1.into())].into_iter().collect());
        cookie.split_once("; ").unwrap().1.to_owned()
    };
    let plain = "HttpOnly; SameSite=Lax; Path=/; Max-Age=1209600";
    assert_eq!(set(|sessions| sessions), plain);
    assert_eq!(set(|sessions| sessions.until_closed()), "HttpOnly; SameSite=Lax; Path=/");
    assert_eq!(
        set(|sessions| sessions.path("/a").domain("a.example").secure().max_age(Duration::from_secs(9))),
        "HttpOnly; SameSite=Lax; Secure; Path=/a; Domain=a.example; Max-Age=9"
    );
    for implies in [
        set(|sessions| sessions.same_site(SameSite::None)),
        set(|sessions| sessions.partitioned()),
        set(|sessions| sessions.name("__Host-a")),
    ] {
        assert!(implies.contains("Secure"), "{implies}");
    }
}

#[test]
fn forged_and_foreign_cookies_are_empty() {
    let good = one(|sessions| sessions);
    let (name, value) = good.split_once('=').unwrap();
    let mut changed = value.to_owned();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    let other_secret = one(|_| Sessions::new(Hello, [2; 32]));
    let other_name = one(|sessions| sessions.name("other")).replace("other=", "session=");
    for (given, is_good) in [
        (good.clone(), true),
        (format!("x=1; {good};y"), true),
        (format!("session=old; {good}"), true),
        (format!("{name}={changed}"), false),
        (format!("{name}={}", &value[44..]), false),
        (format!("{name}="), false),
        (format!("{name}=äöü"), false),
        (other_secret.clone(), false),
        (other_name, false),
        (good.replace("session=", "sessions="), false),
    ] {
        let app = with(move |session| assert_eq!(session.is_empty(), !is_good));
        assert!(run(Sessions::new(app, SECRET), &given).result.is_ok(), "{given}");
    }
    // After the secret was changed.
    let app = with(|session| session.insert("b", session.get::<u8>("a").unwrap()).unwrap());
    let outcome = run(Sessions::new(app, SECRET).old_secret([2; 32]), &other_secret);
    let app = with(|session| assert_eq!(session.get("b").unwrap(), Some(1)));
    run(Sessions::new(app, SECRET), &cookie(&outcome));
}

#[test]
fn sessions_expire() {
    static NOW: AtomicU64 = AtomicU64::new(1_000);
    let at = |app, now, given: &str| {
        NOW.store(now, Ordering::Relaxed);
        let sessions = Sessions::new(app, SECRET).max_age(Duration::from_secs(10));
        run(sessions.with(|codec| codec.clock = || NOW.load(Ordering::Relaxed)), given)
    };
    let made = cookie(&at(transom::BoxApp::new(with(|session| session.insert("a", 1).unwrap())), 1_000, ""));
    let expect = |is_empty| transom::BoxApp::new(with(move |session| assert_eq!(session.is_empty(), is_empty)));
    at(expect(false), 1_009, &made);
    at(expect(true), 1_010, &made);
    at(expect(false), 900, &made);
}

#[test]
fn a_rolling_session_is_sent_again() {
    let one = one(|sessions| sessions);
    let outcome = run(Sessions::new(hello, SECRET).rolling(), &one);
    assert_eq!(outcome.header("vary"), Some("cookie"));
    run(Sessions::new(with(|session| assert_eq!(session.get("a").unwrap(), Some(1))), SECRET), &cookie(&outcome));
    assert_eq!(run(Sessions::new(hello, SECRET).rolling(), "").header("set-cookie"), None);
}

#[test]
fn values_and_their_errors() {
    let app = with(|session| {
        session.insert("list", ["a", "b"]).unwrap();
        assert_eq!(session.get::<Vec<String>>("list").unwrap().unwrap(), ["a", "b"]);
        assert!(matches!(session.get::<u8>("list"), Err(SessionError::Value(_))));
        assert!(matches!(session.insert("long", "x".repeat(4_000)), Err(SessionError::TooLarge(5_398..))));
        assert_eq!(session.names(), ["list"], "it is as before");
        // As long as it can be, and no longer.
        let longest = (0..4_000).rev().find(|length| session.insert("long", "x".repeat(*length)).is_ok()).unwrap();
        assert!((2_900..3_072).contains(&longest), "{longest}");
        let bad = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(matches!(session.insert("bad", bad), Err(SessionError::Value(_))));
    });
    let outcome = run(Sessions::new(app, SECRET), "");
    let length = cookie(&outcome).len() - "=".len();
    assert!((4_090..=4_096).contains(&length), "{length}");
}

#[test]
fn a_change_after_the_head_is_refused() {
    async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let session = request(&scope).and_then(Session::of).unwrap();
        // A head that is refused is not sent.
        let refused = send.send(Outgoing::Start { status: 99, headers: Headers::new() }).await;
        assert!(refused.is_err());
        session.insert("a", 1)?;
        send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
        assert!(matches!(session.insert("a", 2), Err(SessionError::Sent)));
        assert!(matches!(session.clear(), Err(SessionError::Sent)));
        assert_eq!(session.get("a")?, Some(1));
        Ok(send.send(Outgoing::Body { data: "".into(), more: false }).await?)
    }
    let outcome = run(Sessions::new(app, SECRET), "");
    assert!(outcome.result.is_ok());
    run(Sessions::new(with(|session| assert_eq!(session.get("a").unwrap(), Some(1))), SECRET), &cookie(&outcome));
}

#[test]
fn websockets_have_sessions() {
    async fn app(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let session = request(&scope).and_then(Session::of).unwrap();
        session.insert("a", 5)?;
        send.send(Outgoing::Accept { subprotocol: None, headers: Headers::new() }).await?;
        assert!(matches!(session.remove("a"), Err(SessionError::Sent)));
        receive.recv().await;
        Ok(send.send(Outgoing::Message(Message::Text("done".into()))).await?)
    }
    let outcome = memory::websocket("/").text("x").run(lint(Sessions::new(lint(app), SECRET)));
    assert!(outcome.is_accepted() && outcome.messages().count() == 1);
    run(Sessions::new(with(|session| assert_eq!(session.get("a").unwrap(), Some(5))), SECRET), &cookie(&outcome));
}

#[test]
#[should_panic(expected = "too short")]
fn a_secret_is_long() {
    let _ = Sessions::new(hello, "changeme");
}

#[test]
fn keeps_the_contract() {
    let one = one(|sessions| sessions);
    let seen = Arc::new(Mutex::new(0));
    trial::layer(&[("cookie", &one)], |app| {
        let seen = Arc::clone(&seen);
        let change = move |http: &HttpScope| {
            let session = Session::of(http).unwrap();
            *seen.lock().unwrap() += session.get::<u32>("a").unwrap().unwrap();
            session.insert("b", 1).unwrap();
        };
        Sessions::new(Changing(app, change), SECRET).rolling()
    });
    assert!(*seen.lock().unwrap() > 100);
}

/// Does something with the scope first.
struct Changing<A, F>(A, F);

impl<A: App, F: Fn(&HttpScope) + Send + Sync + 'static> App for Changing<A, F> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        if let Some(http) = request(&scope) {
            (self.1)(http);
        }
        self.0.call(scope, receive, send).await
    }

    fn manifest(&self) -> Manifest {
        self.0.manifest()
    }
}
