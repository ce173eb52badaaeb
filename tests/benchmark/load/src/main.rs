//! Puts load on a server on this machine and prints what came of it, a line for each figure.
//!
//! It is one thread on epoll. From the first reply it learns the length of the others, and then does nothing but count
//! bytes: it costs less than any server, so that one core of it is enough for one core of server.

mod bulk;
mod closed;
mod frame;
mod latency;
mod rate;
mod reply;
mod request;
mod socket;

use closed::{Until, Work};
use pico_args::Arguments;
use request::{HANDSHAKE, Request};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "\
load http       --port PORT [--target /plaintext] [--connections 64] [--depth 1] [--body BYTES] [--browser]
                [--seconds 2 | --requests COUNT]
load websocket  --port PORT [--size 32] [--connections 64] [--depth 1] [--seconds 2 | --requests COUNT]
load churn      --port PORT [--connections 16] [--seconds 2]
                a connection for each request
load rate       --port PORT --rate PER_SECOND [--connections 64] [--streams 0] [--seconds 2]
                latency at a fixed rate, while so many other connections are streamed to
load up         --port PORT [--bytes 1073741824]
                one request body
load down       --port PORT [--bytes 1073741824] [--size 65536]
                one response body, which the server gets in pieces of this size
load hold       --port PORT [--connections 10000] [--kind idle | websocket | unread]
                opens connections, says so, and keeps them until its input ends; `unread` are responses without end of
                which nothing is read
";

fn main() -> ExitCode {
    match run(Arguments::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let Some(mode) = arguments.subcommand()? else { return Err(USAGE.into()) };
    let options = Options::parse(&mut arguments)?;
    let rest = arguments.finish();
    if !rest.is_empty() {
        return Err(format!("what is {rest:?}?\n{USAGE}").into());
    }
    match mode.as_str() {
        "http" => http(&options),
        "websocket" => websocket(&options),
        "churn" => churn(&options),
        "rate" => rate(&options),
        "up" => bulk(&options, bulk::up),
        "down" => bulk(&options, |stream, bytes| bulk::down(stream, bytes, options.size.unwrap_or(64 << 10) as u64)),
        "hold" => hold(&options),
        _ => Err(USAGE.into()),
    }
}

struct Options {
    port: u16,
    target: String,
    body: Option<u64>,
    browser: bool,
    connections: Option<usize>,
    depth: u64,
    size: Option<usize>,
    rate: u32,
    streams: usize,
    bytes: u64,
    kind: String,
    time: Duration,
    requests: Option<u64>,
}

impl Options {
    fn parse(arguments: &mut Arguments) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            port: arguments.value_from_str("--port")?,
            target: arguments.opt_value_from_str("--target")?.unwrap_or_else(|| "/plaintext".to_owned()),
            body: arguments.opt_value_from_str("--body")?,
            browser: arguments.contains("--browser"),
            connections: arguments.opt_value_from_str("--connections")?,
            depth: arguments.opt_value_from_str("--depth")?.unwrap_or(1),
            size: arguments.opt_value_from_str("--size")?,
            rate: arguments.opt_value_from_str("--rate")?.unwrap_or(5000),
            streams: arguments.opt_value_from_str("--streams")?.unwrap_or(0),
            bytes: arguments.opt_value_from_str("--bytes")?.unwrap_or(1 << 30),
            kind: arguments.opt_value_from_str("--kind")?.unwrap_or_else(|| "idle".to_owned()),
            time: Duration::try_from_secs_f64(arguments.opt_value_from_str("--seconds")?.unwrap_or(2.0))?,
            requests: arguments.opt_value_from_str("--requests")?,
        })
    }

    fn connections(&self) -> usize {
        self.connections.unwrap_or(64)
    }

    fn until(&self) -> Until {
        self.requests.map_or(Until::Elapsed(self.time), Until::Requests)
    }
}

fn http(options: &Options) -> Result<(), Box<dyn Error>> {
    let Options { target, body, browser, depth, .. } = options;
    let request = Request { target, body: *body, browser: *browser }.bytes();
    let (streams, reply) = probed(options, &request)?;
    let bytes = request.repeat(usize::try_from(*depth)?);
    let reply = reply * usize::try_from(*depth)?;
    closed(streams, &Work { bytes, depth: *depth, reply, begins: b"HTTP/1.1 200 " }, options.until())
}

fn websocket(options: &Options) -> Result<(), Box<dyn Error>> {
    let depth = usize::try_from(options.depth)?;
    let size = options.size.unwrap_or(32);
    let bytes = frame::message(size).repeat(depth);
    let reply = frame::reply_length(size) * depth;
    let streams = (0..options.connections()).map(|_| socket::open_websocket(options.port)).collect::<Result<_, _>>()?;
    closed(streams, &Work { bytes, depth: options.depth, reply, begins: &[0x82] }, options.until())
}

/// Connections, and the length of the reply to a request: that of the second, as the first may be different.
fn probed(options: &Options, request: &[u8]) -> Result<(Vec<TcpStream>, usize), Box<dyn Error>> {
    let mut streams: Vec<_> =
        (0..options.connections()).map(|_| socket::open(options.port)).collect::<Result<_, _>>()?;
    let first = streams.first_mut().ok_or("no connection, no load")?;
    socket::ask(first, request)?;
    let reply = socket::ask(first, request)?;
    Ok((streams, reply))
}

fn closed(streams: Vec<TcpStream>, work: &Work, until: Until) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let answered = closed::run(streams, work, until)?;
    requests(answered, start.elapsed());
    Ok(())
}

fn requests(answered: u64, elapsed: Duration) {
    println!("requests {answered}");
    println!("seconds {:.6}", elapsed.as_secs_f64());
}

/// Takes turns on some connections, so that the server has always something to do.
fn churn(options: &Options) -> Result<(), Box<dyn Error>> {
    let request = Request { target: &options.target, ..Request::default() }.bytes();
    let start = Instant::now();
    let mut answered = 0;
    let mut open = std::collections::VecDeque::new();
    loop {
        let more = start.elapsed() < options.time;
        if more && open.len() < options.connections.unwrap_or(16) {
            let mut stream = socket::open(options.port)?;
            stream.write_all(&request)?;
            open.push_back(stream);
        } else if let Some(mut stream) = open.pop_front() {
            socket::ask(&mut stream, b"")?;
            // A reset: closed connections in TIME-WAIT would use up the ports.
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
            answered += 1;
        } else {
            requests(answered, start.elapsed());
            return Ok(());
        }
    }
}

fn rate(options: &Options) -> Result<(), Box<dyn Error>> {
    let request = Request { target: &options.target, ..Request::default() }.bytes();
    let (mut fast, reply) = probed(options, &request)?;
    for stream in &mut fast {
        socket::ask(stream, &request)?;
    }
    let bulk: Vec<_> = (0..options.streams).map(|_| socket::open(options.port)).collect::<Result<_, _>>()?;
    let every = Duration::from_secs(1).checked_div(options.rate).ok_or("a rate of nothing")?;
    let plan = rate::Plan { request, reply, every, time: options.time, stream: endless(64 << 10) };
    let start = Instant::now();
    let mut outcome = rate::run(&fast, &bulk, &plan)?;
    requests(outcome.latencies.count() as u64, start.elapsed());
    for (name, permille) in [("p50", 500), ("p99", 990), ("p999", 999), ("max", 1000)] {
        println!("{name} {:.1}", outcome.latencies.permille(permille).as_secs_f64() * 1e6);
    }
    println!("streamed {}", outcome.streamed);
    Ok(())
}

/// A request for 64 GiB, in pieces of this size.
fn endless(piece: u64) -> Vec<u8> {
    Request { target: &format!("/stream?n={}&size={piece}", (64 << 30) / piece), ..Request::default() }.bytes()
}

fn bulk(
    options: &Options,
    direction: impl Fn(TcpStream, u64) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let stream = socket::open(options.port)?;
    let start = Instant::now();
    direction(stream, options.bytes)?;
    // What is asked for here are mebibytes.
    requests(options.bytes >> 20, start.elapsed());
    Ok(())
}

fn hold(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut streams = Vec::new();
    for index in 0..options.connections.unwrap_or(10_000) {
        let mut stream = socket::open_many(options.port, index)?;
        match options.kind.as_str() {
            "idle" => drop(socket::ask(&mut stream, &Request { target: "/plaintext", ..Request::default() }.bytes())?),
            "websocket" => drop(socket::ask(&mut stream, HANDSHAKE)?),
            // Of small pieces a server makes larger ones, in memory of its own.
            "unread" => stream.write_all(&endless(1 << 10))?,
            kind => return Err(format!("what is {kind}?\n{USAGE}").into()),
        }
        streams.push(stream);
    }
    println!("open {}", streams.len());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
