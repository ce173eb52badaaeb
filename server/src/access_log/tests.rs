use super::*;
use proptest::prelude::*;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;
use transom::{Address, Connection, Headers, HttpVersion, Method, ServerInfo, State};

/// The head of a request from 203.0.113.9:4000 to 127.0.0.1:80.
fn head(method: &str, target: &[u8], fields: &[(&str, &[u8])]) -> Head {
    let client = Address::Ip(([203, 0, 113, 9], 4000).into());
    let server = Address::Ip(([127, 0, 0, 1], 80).into());
    Head {
        method: Method::from(method),
        version: HttpVersion::Http11,
        target: target.to_vec(),
        path_len: target.iter().position(|&byte| byte == b'?').unwrap_or(target.len()) as u32,
        headers: fields.iter().copied().collect(),
        connection: Connection::new(1, client, server, State::new(), ServerInfo::default().into()).into(),
        ..Head::default()
    }
}

fn record(head: &Head) -> Record<'_> {
    Record {
        head,
        status: 200,
        bytes: 1234,
        started: UNIX_EPOCH + Duration::from_millis(1_795_248_000_120),
        duration: Duration::from_micros(1_042_007),
        outcome: Outcome::Complete,
        websocket: None,
    }
}

fn line(format: &str, record: &Record<'_>) -> String {
    let mut line = Vec::new();
    format.parse::<Format>().expect(format).write(record, &mut line);
    String::from_utf8(line).expect("UTF-8").strip_suffix('\n').expect("a whole line").to_owned()
}

const BROWSER: &[(&str, &[u8])] =
    &[("host", b"example.org"), ("user-agent", b"Mozilla/5.0 (X11)"), ("referer", b"http://a/?b")];

#[test]
fn named_formats() {
    let head = head("GET", b"/a%20b?c=d", BROWSER);
    let common = r#"203.0.113.9 - - [21/Nov/2026:08:00:00 +0000] "GET /a%20b?c=d HTTP/1.1" 200 1234"#;
    assert_eq!(line("common", &record(&head)), common);
    assert_eq!(line("combined", &record(&head)), format!(r#"{common} "http://a/?b" "Mozilla/5.0 (X11)""#));
    assert_eq!(
        line("json", &record(&head)),
        concat!(
            r#"{"time":"2026-11-21T08:00:00.120Z","client":"203.0.113.9","method":"GET","target":"/a%20b?c=d","#,
            r#""version":"1.1","status":200,"bytes":1234,"duration_ms":1042.007,"referer":"http://a/?b","#,
            r#""user_agent":"Mozilla/5.0 (X11)","host":"example.org","outcome":"complete"}"#
        )
    );
}

#[test]
fn atoms() {
    let head = head("PUT", b"/p?q", BROWSER);
    for (format, expected) in [
        ("%h %a %{remote}p", "203.0.113.9 203.0.113.9 4000"),
        ("%A:%p", "127.0.0.1:80"),
        ("%l%u", "--"),
        ("%t", "[21/Nov/2026:08:00:00 +0000]"),
        ("%{rfc3339}t", "2026-11-21T08:00:00.120Z"),
        ("%m|%U|%q|%H", "PUT|/p|?q|HTTP/1.1"),
        ("%s %>s %b %B", "200 200 1234 1234"),
        ("%D %{us}T %{ms}T %{s}T %T %L", "1042007 1042007 1042 1 1 1.042007"),
        ("%{USER-agent}i %{x}i", "Mozilla/5.0 (X11) -"),
        ("%v %X 100%%", "example.org complete 100%"),
        ("\u{e4}%m\u{e4}", "\u{e4}PUT\u{e4}"),
    ] {
        assert_eq!(line(format, &record(&head)), expected, "{format}");
    }
    assert_eq!(line("%P", &record(&head)), std::process::id().to_string());
}

/// The second record of a WebSocket.
fn closed(head: &Head) -> Record<'_> {
    let totals =
        WebSocketTotals { code: 1000, messages_received: 3, messages_sent: 4, bytes_received: 120, bytes_sent: 160 };
    Record { status: 101, bytes: 160, websocket: Some(WebSocketRecord::Closed(totals)), ..record(head) }
}

/// The first.
fn accepted(head: &Head) -> Record<'_> {
    Record { bytes: 0, websocket: Some(WebSocketRecord::Accepted), ..closed(head) }
}

#[test]
fn named_formats_of_a_websocket() {
    let head = head("GET", b"/chat", BROWSER);
    let common = r#"203.0.113.9 - - [21/Nov/2026:08:00:00 +0000] "GET /chat HTTP/1.1" 101"#;
    let browser = r#""http://a/?b" "Mozilla/5.0 (X11)""#;
    let end = "websocket=closed code=1000 seconds=1.042007 received=3/120 sent=4/160";
    assert_eq!(line("common", &accepted(&head)), format!("{common} - websocket=accepted"));
    assert_eq!(line("common", &closed(&head)), format!("{common} 160 {end}"));
    assert_eq!(line("combined", &accepted(&head)), format!("{common} - {browser} websocket=accepted"));
    assert_eq!(line("combined", &closed(&head)), format!("{common} 160 {browser} {end}"));

    let json = |bytes, event| {
        format!(
            concat!(
                r#"{{"time":"2026-11-21T08:00:00.120Z","client":"203.0.113.9","method":"GET","target":"/chat","#,
                r#""version":"1.1","status":101,"bytes":{},"duration_ms":1042.007,"referer":"http://a/?b","#,
                r#""user_agent":"Mozilla/5.0 (X11)","host":"example.org","outcome":"complete",{}}}"#
            ),
            bytes, event
        )
    };
    assert_eq!(line("json", &accepted(&head)), json(0, r#""websocket":"accepted""#));
    let end = concat!(
        r#""websocket":"closed","code":1000,"messages_received":3,"messages_sent":4,"#,
        r#""bytes_received":120,"bytes_sent":160"#
    );
    assert_eq!(line("json", &closed(&head)), json(160, end));
}

#[test]
fn atoms_of_a_websocket() {
    let head = head("GET", b"/chat", BROWSER);
    for (format, of_http, when_accepted, when_closed) in [
        ("%{event}W", "-", "accepted", "closed"),
        ("%{code}W", "-", "-", "1000"),
        ("%{messages-received}W", "-", "-", "3"),
        ("%{messages-sent}W", "-", "-", "4"),
        ("%{bytes-received}W", "-", "-", "120"),
        ("%{bytes-sent}W", "-", "-", "160"),
        // Nothing follows what stands in a format.
        ("%s %B", "200 1234", "101 0", "101 160"),
    ] {
        assert_eq!(line(format, &record(&head)), of_http, "{format}");
        assert_eq!(line(format, &accepted(&head)), when_accepted, "{format}");
        assert_eq!(line(format, &closed(&head)), when_closed, "{format}");
    }
}

#[test]
fn what_is_not_known() {
    let head = Head::default();
    let nothing = Record { status: 0, bytes: 0, outcome: Outcome::Disconnected, ..record(&head) };
    assert_eq!(
        line("%h %A %p \"%r\" %m %U [%q] %H %>s %b %B %v %X", &nothing),
        r#"- - - "-" - - [] - - - 0 - disconnected"#
    );
    let json = line("json", &nothing);
    for member in ["client", "method", "target", "version", "status", "referer", "user_agent", "host"] {
        assert!(json.contains(&format!(r#""{member}":null"#)), "{member} of {json}");
    }
}

#[test]
fn other_addresses() {
    let mapped = Address::Ip(("::ffff:192.0.2.1".parse::<std::net::IpAddr>().expect("an address"), 80).into());
    let path = Address::Unix(Some(std::path::Path::new("/run/a\"b\n").into()));
    for (client, text, json) in [
        (mapped, "192.0.2.1", "192.0.2.1"),
        (path, r#"unix:/run/a\"b\x0a"#, r#"unix:/run/a\"b\u000a"#),
        (Address::Unix(None), "unix:", "unix:"),
    ] {
        let connection = Connection::new(1, client, Address::Unknown, State::new(), ServerInfo::default().into());
        let head = Head { connection: connection.into(), ..Head::default() };
        assert_eq!(line("%h", &record(&head)), text);
        let expected = format!(r#""client":"{json}""#);
        assert!(line("json", &record(&head)).contains(&expected), "{expected}");
    }
}

#[test]
fn a_peer_cannot_forge_a_line() {
    let head = head("GET", b"/\"\\\x00\x80", &[("user-agent", b"a\" 200 5 \"\r\n\x1b[2J\t\xe2\x80\xae")]);
    assert_eq!(
        line(r#""%r" "%{User-Agent}i""#, &record(&head)),
        r#""GET /\"\\\x00\x80 HTTP/1.1" "a\" 200 5 \"\x0d\x0a\x1b[2J\x09\xe2\x80\xae""#
    );
    let json = line("json", &record(&head));
    assert!(json.contains(r#""target":"/\"\\\u0000\ufffd""#), "{json}");
    assert!(json.contains(r#""user_agent":"a\" 200 5 \"\u000d\u000a\u001b[2J\u0009\u202e""#), "{json}");
}

proptest! {
    #[test]
    fn whatever_is_sent_a_line_is_one_line_and_a_quote_ends_where_it_should(target: Vec<u8>, agent: Vec<u8>) {
        let head = head("GET", &target, &[("user-agent", &agent)]);
        let written = line(r#""%r" "%{User-Agent}i""#, &record(&head));
        prop_assert!(written.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        // Without the escaped pairs, the only quotes left are those of the format.
        let unescaped = written.replace(r"\\", "").replace(r#"\""#, "");
        prop_assert_eq!(unescaped.matches('"').count(), 4);
        prop_assert!(line("json", &record(&head)).bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}

#[test]
fn lines_arrive_in_order() {
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);
    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let memory = Memory::default();
    let log = AccessLog::to_writer("%B".parse().expect("a format"), memory.clone()).expect("a thread");
    let head = Head { headers: Headers::new(), ..Head::default() };
    for bytes in 0..100 {
        log.clone().record(&Record { bytes, ..record(&head) });
    }
    assert!(log.flush());
    let expected: String = (0..100).map(|bytes| format!("{bytes}\n")).collect();
    assert_eq!(String::from_utf8(memory.0.lock().expect("whole").clone()).expect("UTF-8"), expected);
    assert_eq!(log.dropped(), 0);
}
