//! Broadcast channels by way of Redis.

mod server;

use server::Server;
use std::thread;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};
use transom_web::broadcast::{Broadcast, Error, Options, RecvError, Subscription};

/// Bounds failures alone.
const PATIENCE: Duration = Duration::from_secs(20);

async fn next(subscription: &mut Subscription) -> Result<String, RecvError> {
    let event = timeout(PATIENCE, subscription.recv()).await.expect("something comes")?;
    Ok(String::from_utf8(event.data.into()).unwrap())
}

async fn connect(server: &Server) -> Broadcast {
    Broadcast::connect(&server.url()).await.unwrap()
}

/// Waits until the server says that so many are subscribed to the channel.
async fn subscribers(server: &Server, channel: &str, count: usize) {
    let reached = async {
        while server.ask::<(String, usize)>(&["PUBSUB", "NUMSUB", channel]).await.1 != count {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("not {count} subscribers"));
}

#[tokio::test]
async fn two_see_each_other() {
    for server in [Server::start(), Server::start_tcp()] {
        let (here, there) = (connect(&server).await, connect(&server).await);
        let (mut own, mut far) = (here.subscribe("room").await.unwrap(), there.subscribe("room").await.unwrap());
        let mut other = there.subscribe("other").await.unwrap();
        here.publish("room", "one").await.unwrap();
        there.publish("room", &b"two"[..]).await.unwrap();
        there.publish("other", "three").await.unwrap();
        for subscription in [&mut own, &mut far] {
            let event = subscription.recv().await.unwrap();
            assert_eq!((&*event.channel, &event.data[..]), ("room", &b"one"[..]));
            assert_eq!(next(subscription).await.unwrap(), "two");
        }
        assert_eq!(next(&mut other).await.unwrap(), "three");
        let data: Vec<u8> = (0..=255).collect();
        here.publish("room", data.clone()).await.unwrap();
        assert_eq!(far.recv().await.unwrap().data, data);
    }
}

#[tokio::test]
async fn the_last_subscriber_unsubscribes() {
    let server = Server::start();
    let broadcast = connect(&server).await;
    let one = broadcast.subscribe("room").await.unwrap();
    let two = broadcast.subscribe("room").await.unwrap();
    subscribers(&server, "room", 1).await;
    drop(one);
    // Those that come and go at the same time leave it as it is.
    for _ in 0..20 {
        drop(broadcast.subscribe("room").await.unwrap());
    }
    assert_eq!(server.ask::<(String, usize)>(&["PUBSUB", "NUMSUB", "room"]).await.1, 1);
    drop(two);
    subscribers(&server, "room", 0).await;
    let mut again = broadcast.subscribe("room").await.unwrap();
    broadcast.publish("room", "back").await.unwrap();
    assert_eq!(next(&mut again).await.unwrap(), "back");
}

#[tokio::test]
async fn a_server_that_comes_back() {
    let mut server = Server::start();
    let broadcast = connect(&server).await;
    let mut room = broadcast.subscribe("room").await.unwrap();
    let mut hall = broadcast.subscribe("hall").await.unwrap();
    for round in 0..2 {
        server.stop();
        // The second time nobody has noticed when it is back.
        if round == 0 {
            assert!(matches!(broadcast.publish("room", "lost").await, Err(Error::Unavailable(_))));
        }
        let late = timeout(PATIENCE, async { while broadcast.subscribe("late").await.is_ok() {} });
        late.await.expect("those who come while it is down are told");
        server.restart();
        assert_eq!(next(&mut room).await, Err(RecvError::Reconnected), "{round}");
        assert_eq!(next(&mut hall).await, Err(RecvError::Reconnected));
        broadcast.publish("room", "found").await.unwrap();
        broadcast.publish("hall", "too").await.unwrap();
        assert_eq!(next(&mut room).await.unwrap(), "found");
        assert_eq!(next(&mut hall).await.unwrap(), "too");
        let mut late = broadcast.subscribe("late").await.unwrap();
        broadcast.publish("late", "now").await.unwrap();
        assert_eq!(next(&mut late).await.unwrap(), "now");
    }
}

/// A server that is silent, and not just quiet, is lost.
#[tokio::test]
async fn a_server_that_is_silent() {
    let server = Server::start();
    let options = Options::new().keep_alive(Duration::from_millis(1)).timeout(Duration::from_secs(1));
    let broadcast = options.connect(&server.url()).await.unwrap();
    let mut room = broadcast.subscribe("room").await.unwrap();
    // It is asked, and answers.
    let asked = async {
        let is_asked = |stats: String| stats.lines().any(|line| line.starts_with("cmdstat_ping:calls="));
        while !is_asked(server.ask(&["INFO", "commandstats"]).await) {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, asked).await.unwrap();
    broadcast.publish("room", "there").await.unwrap();
    assert_eq!(next(&mut room).await.unwrap(), "there");
    server.freeze(true);
    assert!(matches!(broadcast.publish("room", "lost").await, Err(Error::Unavailable(_))));
    let told = async { while broadcast.subscribe("late").await.is_ok() {} };
    timeout(PATIENCE, told).await.unwrap();
    server.freeze(false);
    while next(&mut room).await != Err(RecvError::Reconnected) {}
    broadcast.publish("room", "back").await.unwrap();
    // What was sent to it before may come yet.
    let data = next(&mut room).await.unwrap();
    let data = if data == "lost" { next(&mut room).await.unwrap() } else { data };
    assert_eq!(data, "back");
}

/// A subscription that is left while the server is down is not made again.
#[tokio::test]
async fn what_is_left_meanwhile_is_left() {
    let mut server = Server::start();
    let broadcast = connect(&server).await;
    let (mut room, hall) = (broadcast.subscribe("room").await.unwrap(), broadcast.subscribe("hall").await.unwrap());
    server.stop();
    drop(hall);
    server.restart();
    assert_eq!(next(&mut room).await, Err(RecvError::Reconnected));
    subscribers(&server, "room", 1).await;
    subscribers(&server, "hall", 0).await;
}

#[tokio::test]
async fn a_slow_subscriber_is_told() {
    let server = Server::start();
    let broadcast = Options::new().capacity(4).connect(&server.url()).await.unwrap();
    let mut slow = broadcast.subscribe("room").await.unwrap();
    let mut quick = broadcast.subscribe("room").await.unwrap();
    for number in 0..10 {
        broadcast.publish("room", number.to_string()).await.unwrap();
        assert_eq!(next(&mut quick).await.unwrap(), number.to_string());
    }
    assert_eq!(next(&mut slow).await, Err(RecvError::Lagged(6)));
    assert_eq!(next(&mut slow).await.unwrap(), "6");
}

#[tokio::test]
async fn a_refusal_concerns_one_alone() {
    let server = Server::start();
    let rules = ["ACL", "SETUSER", "default", "resetchannels", "&room"];
    server.ask::<()>(&rules).await;
    let broadcast = connect(&server).await;
    let mut room = broadcast.subscribe("room").await.unwrap();
    assert!(matches!(broadcast.subscribe("secret").await, Err(Error::Unavailable(_))));
    assert!(matches!(broadcast.publish("secret", "x").await, Err(Error::Unavailable(_))));
    broadcast.publish("room", "on").await.unwrap();
    assert_eq!(next(&mut room).await.unwrap(), "on");
}

/// The runtime that connected ends, and others go on.
#[test]
fn runtimes_come_and_go() {
    const EACH: usize = 100;
    let server = Server::start();
    // Without a clock, even.
    let runtime = || Builder::new_current_thread().build().unwrap();
    let broadcast = runtime().block_on(Options::new().capacity(4 * EACH).connect(&server.url())).unwrap();
    let mut subscription = runtime().block_on(broadcast.subscribe("room")).unwrap();
    thread::scope(|scope| {
        for thread in 0..4u8 {
            let broadcast = &broadcast;
            scope.spawn(move || {
                runtime().block_on(async {
                    for number in 0..EACH as u8 {
                        broadcast.publish("room", vec![thread, number]).await.unwrap();
                    }
                });
            });
        }
    });
    let timed = Builder::new_current_thread().enable_time().build().unwrap();
    timed.block_on(async {
        let mut seen = [0; 4];
        for _ in 0..4 * EACH {
            let event = timeout(PATIENCE, subscription.recv()).await.unwrap().unwrap();
            let (thread, number) = (event.data[0] as usize, event.data[1] as usize);
            assert_eq!(seen[thread], number, "in the order of each publisher");
            seen[thread] += 1;
        }
    });
}

#[tokio::test]
async fn it_ends() {
    let server = Server::start();
    // Our own question is a client, too.
    let clients = async || server.ask::<String>(&["CLIENT", "LIST"]).await.lines().count() - 1;
    for drops in [true, false] {
        let broadcast = connect(&server).await;
        let mut room = broadcast.subscribe("room").await.unwrap();
        broadcast.publish("room", "last").await.unwrap();
        assert_eq!(next(&mut room).await.unwrap(), "last");
        assert_eq!(clients().await, 2);
        if drops {
            drop(broadcast);
        } else {
            broadcast.close().await;
            assert!(matches!(broadcast.publish("room", "x").await, Err(Error::Closed)));
            assert!(matches!(broadcast.subscribe("room").await, Err(Error::Closed)));
        }
        assert_eq!(next(&mut room).await, Err(RecvError::Closed));
        let gone = async {
            while clients().await > 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, gone).await.expect("the connections are closed");
    }
}

#[tokio::test]
async fn what_cannot_be_connected_to() {
    let mut server = Server::start();
    server.stop();
    assert!(matches!(Broadcast::connect(&server.url()).await, Err(Error::Unavailable(_))));
    assert!(matches!(Broadcast::connect("redis://").await, Err(Error::Url(_))));
}
