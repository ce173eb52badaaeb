//! Several at the same time, on runtimes of their own, as the workers of a server are.

use super::database::Place;
use super::{card, content, empty_column};
use demo::store::{Change, Error, Filter, Store};
use std::thread;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

const WORKERS: usize = 4;
const CHANGES: usize = 5;

pub(crate) async fn changes_wait_for_each_other(place: Place) {
    let store = place.open().await;
    let column = empty_column(&store).await.expect("a column");
    let first = card(&store, column, "first").await;
    let before = store.board(1).await.expect("a board").revision;
    // The runtimes end one after the other, with work left for the last; the one that opened the store goes on.
    let (shared, first) = (store.clone(), first.id);
    let workers = (1..=WORKERS).map(|worker| {
        let store = shared.clone();
        spawn_blocking(move || thread::spawn(move || work(&store, column, first, worker * CHANGES)).join())
    });
    let mut changes: Vec<Change> = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        changes.extend(worker.await.expect("a thread").expect("it does not panic"));
    }
    changes.sort_by_key(|change| change.revision);
    let revisions: Vec<_> = changes.iter().map(|change| change.revision - before).collect();
    assert_eq!(revisions, (1..=2 * (1 + 2 + 3 + 4) * CHANGES as i64).collect::<Vec<_>>());
    assert!(changes.is_sorted_by_key(|change| change.activity.id), "activity is not in the order of the changes");
    let cards = store.cards(1, &Filter { column: Some(column), ..Filter::default() }, 1000).await.expect("cards");
    let mut positions: Vec<_> = cards.iter().map(|card| card.position).collect();
    positions.sort_unstable();
    positions.dedup();
    assert_eq!(positions.len(), (1 + 2 + 3 + 4) * CHANGES + 1, "cards have the same place");
    store.close().await;
}

/// Makes `count` cards and puts them before `first`.
fn work(store: &Store, column: i64, first: i64, count: usize) -> Vec<Change> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let changes = runtime.block_on(async {
        let mut changes = Vec::new();
        for _ in 0..count {
            let made = store.create_card(None, 1, column, &content("another")).await?;
            let id = made.cards[0].id;
            changes.push(made);
            changes.push(store.move_card(None, id, column, Some(first)).await?);
        }
        Ok::<_, Error>(changes)
    });
    changes.expect("every change is made")
}

pub(crate) async fn starts_at_the_same_time(place: Place) {
    let starts: Vec<_> = (0..3)
        .map(|_| {
            let place = place.clone();
            thread::spawn(move || super::run(async move { place.open().await.close().await }))
        })
        .collect();
    starts.into_iter().for_each(|start| start.join().expect("it does not panic"));
    let store = place.open().await;
    assert_eq!(store.boards().await.expect("boards").len(), 1);
    assert_eq!(store.people().await.expect("people").len(), 5);
    store.close().await;
}
