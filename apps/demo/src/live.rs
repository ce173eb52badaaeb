//! What happens, as it happens: a WebSocket for every page that is open.

use crate::origin::SameOrigin;
use crate::store::{Change, Store};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::select;
use tokio::sync::watch;
use transom::Utf8;
use transom_web::broadcast::{self, Broadcast, RecvError, Subscription};
use transom_web::{Error, Handshake, Query, State};

/// By which changes get from who makes them to who is to see them.
#[derive(Clone)]
pub(crate) struct Live {
    broadcast: Broadcast,
    /// How many pages are open on this server.
    present: Arc<watch::Sender<usize>>,
}

/// What a page is told.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum News<'a> {
    /// Something was changed.
    Change(&'a Change),
    /// So many pages are open.
    Present(usize),
    /// Changes may have been lost: the page is to load the board again.
    Lost {},
}

impl Live {
    pub(crate) async fn open(url: Option<&str>) -> Result<Self, Error> {
        let broadcast = Broadcast::connect(url.unwrap_or("memory://")).await?;
        Ok(Self { broadcast, present: Arc::default() })
    }

    pub(crate) async fn close(&self) {
        self.broadcast.close().await;
    }

    /// Tells everybody who looks at the board.
    pub(crate) async fn tell(&self, change: Change) -> Change {
        let news = serde_json::to_vec(&News::Change(&change)).expect("numbers and texts are always JSON");
        // If it fails the change has been made all the same. Pages find out by the revision of the next one.
        let _ = self.broadcast.publish(&channel(change.board), news).await;
        change
    }

    /// All changes to a board from now on.
    pub(crate) async fn subscribe(&self, board: i64) -> Result<Subscription, broadcast::Error> {
        self.broadcast.subscribe(&channel(board)).await
    }
}

fn channel(board: i64) -> String {
    format!("transom-demo/boards/{board}")
}

/// Somebody who is counted, until this is dropped.
struct Presence(Arc<watch::Sender<usize>>);

impl Presence {
    fn new(present: &Arc<watch::Sender<usize>>) -> Self {
        present.send_modify(|count| *count += 1);
        Self(Arc::clone(present))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    board: i64,
}

/// Serves a page until it is closed or the server stops. The page opens this first and then loads the board, so that it
/// misses nothing.
pub(crate) async fn live(
    _: SameOrigin,
    State(store): State<Store>,
    State(live): State<Live>,
    Query(Wanted { board }): Query<Wanted>,
    handshake: Handshake,
) -> Result<(), Error> {
    if let Err(error) = store.board(board).await {
        return handshake.deny(error).await;
    }
    let mut changes = live.subscribe(board).await?;
    let mut socket = handshake.accept().await?;
    let _presence = Presence::new(&live.present);
    let mut present = live.present.subscribe();
    present.mark_changed();
    loop {
        select! {
            message = socket.recv() => if message.is_none() {
                return Ok(());
            },
            change = changes.recv() => match change {
                Ok(event) => socket.send_text(Utf8::try_from(event.data)?).await?,
                Err(RecvError::Closed) => return Ok(()),
                Err(_) => socket.send_json(&News::Lost {}).await?,
            },
            Ok(()) = present.changed() => {
                let count = *present.borrow_and_update();
                socket.send_json(&News::Present(count)).await?;
            }
        }
    }
}
