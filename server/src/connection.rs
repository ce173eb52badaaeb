//! A connection, in whatever protocol it is served.

use crate::http1;
use crate::transport::Transport;
use crate::websocket;
use crate::worker::Worker;
use std::sync::Arc;

/// Serves a connection until it is closed.
pub(crate) async fn serve(transport: Transport, peer: transom::Connection, worker: Arc<Worker>) {
    let mut http = http1::Connection::new(transport, peer, &worker);
    while let Some(request) = http.serve().await {
        // Boxed, for connections that have no WebSocket need no room for one.
        let after = Box::pin(websocket::serve(&mut http, request)).await;
        if !http.go_on(after).await {
            return;
        }
    }
}
