use super::{Losses, Publish, Server, WAITING, is_lost, unavailable};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisError};
use tokio::sync::mpsc;

/// Publishes what is asked for, in order: what came while Redis was busy goes together.
pub(super) async fn run(server: &Server, mut publications: mpsc::Receiver<Publish>, losses: Losses) {
    let mut connection = None;
    let mut batch = Vec::new();
    while publications.recv_many(&mut batch, WAITING).await > 0 {
        // One that was made before a loss is lost too, or soon will be.
        connection = connection.filter(|(since, _)| *since == losses.get());
        let published = async {
            let (_, connection) = match &mut connection {
                Some(connection) => connection,
                slot => slot.insert((losses.get(), connect(server).await?)),
            };
            send(connection, &batch).await
        }
        .await;
        if published.as_ref().is_err_and(is_lost) {
            connection = None;
        }
        for Publish { reply, .. } in batch.drain(..) {
            // One who does not wait any more need not know.
            let _ = reply.send(published.clone().map_err(unavailable));
        }
    }
}

async fn connect(server: &Server) -> Result<MultiplexedConnection, RedisError> {
    let limit = Some(server.timeout);
    let config = AsyncConnectionConfig::new().set_connection_timeout(limit).set_response_timeout(limit);
    server.in_time(server.client.get_multiplexed_async_connection_with_config(&config)).await
}

async fn send(connection: &mut MultiplexedConnection, batch: &[Publish]) -> Result<(), RedisError> {
    let mut pipe = redis::pipe();
    for Publish { channel, data, .. } in batch {
        pipe.cmd("PUBLISH").arg(&**channel).arg(&data[..]).ignore();
    }
    pipe.query_async(connection).await
}
