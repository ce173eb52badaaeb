use super::super::hub::Hub;
use super::{Change, Losses, Reply, Server, in_time, is_lost, unavailable};
use crate::broadcast::Error;
use bytes::Bytes;
use futures_core::Stream;
use redis::RedisError;
use redis::aio::{PubSubSink, PubSubStream};
use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

/// How long until the second attempt to connect again, and how long at most until the next one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How many channels go together.
const TOGETHER: usize = 128;

type Changes = mpsc::UnboundedReceiver<Change>;

/// Gives the hub what comes from Redis, for as long as somebody has the other end of `changes`.
pub(super) async fn run(
    server: &Server,
    keep_alive: Duration,
    hub: &Hub,
    mut changes: Changes,
    losses: Losses,
    ready: oneshot::Sender<Result<(), Error>>,
) {
    let connection = Connection::new(server, hub).await;
    let is_wanted = ready.send(connection.as_ref().map(drop).map_err(|error| unavailable(error.clone())));
    let (Ok(mut connection), Ok(())) = (connection, is_wanted) else { return };
    while connection.serve(keep_alive, hub, &mut changes).await == Served::Lost {
        losses.set(losses.get() + 1);
        let Some(again) = reconnect(server, hub, &mut changes).await else { return };
        connection = again;
        hub.reconnected();
    }
}

/// Connects as soon as that can be done; `None` when nobody needs it any more.
async fn reconnect(server: &Server, hub: &Hub, changes: &mut Changes) -> Option<Connection> {
    let (mut pause, longest) = PAUSES;
    let mut error = RedisError::from(std::io::Error::from(std::io::ErrorKind::NotConnected));
    loop {
        match refusing(changes, &error, Connection::new(server, hub)).await? {
            Ok(connection) => return Some(connection),
            Err(again) => error = again,
        }
        refusing(changes, &error, sleep(pause)).await?;
        pause = longest.min(pause * 2);
    }
}

/// Waits for `future`, and meanwhile refuses those who would subscribe; `None` when nobody needs it any more. Who
/// listens already, or does not any more, the hub knows.
async fn refusing<F: Future>(changes: &mut Changes, error: &RedisError, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    loop {
        tokio::select! {
            output = &mut future => return Some(output),
            change = changes.recv() => if let Some(reply) = change?.reply {
                let _ = reply.send(Err(unavailable(error.clone())));
            }
        }
    }
}

/// A connection that listens to all that the hub wants.
struct Connection {
    sink: PubSubSink,
    stream: PubSubStream,
    /// What Redis was told.
    channels: HashSet<Arc<str>>,
    /// How long it has for an answer.
    limit: Duration,
}

/// Why a connection is not served any more.
#[derive(PartialEq)]
enum Served {
    Lost,
    Closed,
}

/// What Redis is being told; an error comes with the channels that it is about.
type Telling = Pin<Box<dyn Future<Output = Result<(), (RedisError, Vec<Arc<str>>)>>>>;

impl Connection {
    async fn new(server: &Server, hub: &Hub) -> Result<Self, RedisError> {
        let (mut sink, stream) = server.in_time(server.client.get_async_pubsub()).await?.split();
        let channels = hub.channels();
        for channels in channels.chunks(TOGETHER) {
            server.in_time(sink.subscribe(names(channels))).await?;
        }
        Ok(Self { sink, stream, channels: channels.into_iter().collect(), limit: server.timeout })
    }

    /// Until it is lost, or nobody needs it any more.
    async fn serve(&mut self, keep_alive: Duration, hub: &Hub, changes: &mut Changes) -> Served {
        // Some may have been left while it was made.
        let mut telling = Some(self.tell(hub, self.channels.clone(), Vec::new()));
        let mut batch = Vec::new();
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                message = poll_fn(|cx| Pin::new(&mut self.stream).poll_next(cx)) => {
                    let Some(message) = message else { return Served::Lost };
                    let data = Bytes::copy_from_slice(message.get_payload_bytes());
                    // To a hub that is closed nobody listens.
                    let _ = hub.publish(message.get_channel_name(), data);
                    heard = Instant::now();
                }
                told = poll_fn(|cx| match &mut telling {
                    Some(telling) => telling.as_mut().poll(cx),
                    None => Poll::Pending,
                }) => {
                    telling = None;
                    heard = Instant::now();
                    match told {
                        Err((error, _)) if is_lost(&error) => return Served::Lost,
                        Err((_, refused)) => self.channels.retain(|channel| !refused.contains(channel)),
                        Ok(()) => {}
                    }
                }
                count = changes.recv_many(&mut batch, TOGETHER), if telling.is_none() => {
                    if count == 0 {
                        return Served::Closed;
                    }
                    let (channels, replies): (HashSet<_>, Vec<_>) =
                        batch.drain(..).map(|Change { channel, reply }| (channel, reply)).unzip();
                    telling = Some(self.tell(hub, channels, replies.into_iter().flatten().collect()));
                }
                () = sleep_until(heard + keep_alive), if telling.is_none() => {
                    let (mut sink, limit) = (self.sink.clone(), self.limit);
                    telling = Some(Box::pin(async move {
                        in_time(limit, sink.ping()).await.map_err(|error| (error, Vec::new()))
                    }));
                }
            }
        }
    }

    /// Tells Redis what the hub wants of these channels.
    fn tell(&mut self, hub: &Hub, channels: HashSet<Arc<str>>, replies: Vec<Reply>) -> Telling {
        let (mut wanted, mut left) = (Vec::new(), Vec::new());
        for channel in channels {
            match hub.is_wanted(&channel) {
                true if self.channels.insert(Arc::clone(&channel)) => wanted.push(channel),
                false if self.channels.remove(&channel) => left.push(channel),
                _ => {}
            }
        }
        let (mut sink, limit) = (self.sink.clone(), self.limit);
        Box::pin(async move {
            let told = async {
                if !wanted.is_empty() {
                    in_time(limit, sink.subscribe(names(&wanted))).await?;
                }
                if !left.is_empty() {
                    in_time(limit, sink.unsubscribe(names(&left))).await?;
                }
                Ok::<_, RedisError>(())
            }
            .await;
            for reply in replies {
                // One who does not wait any more need not know.
                let _ = reply.send(told.clone().map_err(unavailable));
            }
            told.map_err(|error| (error, wanted))
        })
    }
}

fn names(channels: &[Arc<str>]) -> Vec<&str> {
    channels.iter().map(|channel| &**channel).collect()
}
