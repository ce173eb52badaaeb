use super::{Broadcast, Error, Options, RecvError, Subscription};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::thread;
use tokio::runtime::Builder;
use tokio_stream::{Stream, StreamExt};

async fn memory() -> Broadcast {
    Broadcast::connect("memory://").await.unwrap()
}

async fn data(subscription: &mut Subscription) -> Result<String, RecvError> {
    Ok(String::from_utf8(subscription.recv().await?.data.into()).unwrap())
}

/// Whether there is nothing at the moment.
async fn is_quiet(subscription: &mut Subscription) -> bool {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *subscription).poll_next(cx).is_pending())).await
}

#[tokio::test]
async fn subscribers_get_what_is_published_from_then_on() {
    let broadcast = memory().await;
    broadcast.publish("a", "nobody").await.unwrap();
    let mut one = broadcast.subscribe("a").await.unwrap();
    broadcast.publish("a", "first").await.unwrap();
    let mut two = broadcast.clone().subscribe("a").await.unwrap();
    let mut other = broadcast.subscribe("b").await.unwrap();
    broadcast.publish("a", "second").await.unwrap();
    assert_eq!(data(&mut one).await.unwrap(), "first");
    assert_eq!(data(&mut one).await.unwrap(), "second");
    assert_eq!(data(&mut two).await.unwrap(), "second");
    assert!(is_quiet(&mut one).await && is_quiet(&mut two).await && is_quiet(&mut other).await);
    assert_eq!(&**other.channel(), "b");
}

#[tokio::test]
async fn a_slow_subscriber_loses_the_oldest_and_slows_nobody() {
    let broadcast = Options::new().capacity(4).connect("memory://").await.unwrap();
    let (mut slow, mut quick) = (broadcast.subscribe("a").await.unwrap(), broadcast.subscribe("a").await.unwrap());
    for number in 0..10 {
        broadcast.publish("a", number.to_string()).await.unwrap();
        assert_eq!(data(&mut quick).await.unwrap(), number.to_string());
    }
    assert_eq!(data(&mut slow).await, Err(RecvError::Lagged(6)));
    for number in 6..10 {
        assert_eq!(data(&mut slow).await.unwrap(), number.to_string());
    }
    assert!(is_quiet(&mut slow).await);
}

#[tokio::test]
async fn a_channel_goes_with_its_last_subscriber() {
    let broadcast = memory().await;
    let (one, two) = (broadcast.subscribe("a").await.unwrap(), broadcast.subscribe("a").await.unwrap());
    drop(one);
    assert_eq!(broadcast.link.hub.len(), 1);
    drop(two);
    assert_eq!(broadcast.link.hub.len(), 0);
}

#[tokio::test]
async fn it_ends() {
    for drops in [true, false] {
        let broadcast = memory().await;
        let mut subscription = broadcast.subscribe("a").await.unwrap();
        broadcast.publish("a", "last").await.unwrap();
        if drops {
            drop(broadcast);
        } else {
            broadcast.close().await;
            assert!(matches!(broadcast.publish("a", "x").await, Err(Error::Closed)));
            assert!(matches!(broadcast.subscribe("a").await, Err(Error::Closed)));
        }
        assert_eq!(data(&mut subscription).await.unwrap(), "last");
        for _ in 0..2 {
            assert_eq!(data(&mut subscription).await, Err(RecvError::Closed));
        }
        assert!(subscription.next().await.is_none());
    }
}

#[tokio::test]
async fn a_subscription_is_a_stream() {
    let broadcast = memory().await;
    let subscription = broadcast.subscribe("a").await.unwrap();
    for text in ["x", "y"] {
        broadcast.publish("a", text).await.unwrap();
    }
    broadcast.close().await;
    let events: Vec<_> = subscription.map(|event| event.unwrap().data).collect().await;
    assert_eq!(events, ["x", "y"]);
}

/// As in a server with a runtime for each of its threads.
#[test]
fn many_threads() {
    const EACH: usize = 200;
    let runtime = || Builder::new_current_thread().build().unwrap();
    let broadcast = runtime().block_on(Options::new().capacity(4 * EACH).connect("memory://")).unwrap();
    let (ready, is_ready) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..4 {
            let (broadcast, ready) = (&broadcast, ready.clone());
            scope.spawn(move || {
                runtime().block_on(async {
                    let mut subscription = broadcast.subscribe("a").await.unwrap();
                    ready.send(()).unwrap();
                    let mut seen = [0; 4];
                    for _ in 0..4 * EACH {
                        let event = subscription.recv().await.unwrap();
                        let (thread, number) = (event.data[0] as usize, event.data[1] as usize);
                        assert_eq!(seen[thread], number, "in the order of each publisher");
                        seen[thread] += 1;
                    }
                });
            });
        }
        (0..4).for_each(|_| is_ready.recv().unwrap());
        for thread in 0..4u8 {
            let broadcast = &broadcast;
            scope.spawn(move || {
                runtime().block_on(async {
                    for number in 0..EACH as u8 {
                        broadcast.publish("a", vec![thread, number]).await.unwrap();
                    }
                });
            });
        }
    });
    assert_eq!(broadcast.link.hub.len(), 0);
}

#[tokio::test]
async fn urls() {
    for url in ["rediss://localhost/", "kafka://localhost", "", "localhost"] {
        assert!(matches!(Broadcast::connect(url).await, Err(Error::Url(_))), "{url}");
    }
    #[cfg(not(feature = "broadcast-redis"))]
    assert!(matches!(Broadcast::connect("redis://localhost/").await, Err(Error::Url(_))));
}
