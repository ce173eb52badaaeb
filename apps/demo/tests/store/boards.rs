//! What is there at first, and what is not.

use super::database::Place;
use super::{card, content};
use demo::store::{Entity, Error, Filter, Kind};

pub(crate) async fn there_is_something_to_look_at(place: Place) {
    let store = place.open().await;
    let boards = store.boards().await.expect("boards");
    assert_eq!(boards.iter().map(|board| board.name.as_str()).collect::<Vec<_>>(), ["Launch of Transom"]);
    let columns = store.columns(1).await.expect("columns");
    assert_eq!(
        columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
        ["To do", "In progress", "In review", "Done"]
    );
    let people = store.people().await.expect("people");
    assert_eq!((people.len(), people[0].name.as_str()), (5, "Amara Okafor"));
    let cards = store.cards(1, &Filter::default(), 100).await.expect("cards");
    assert!(cards.iter().any(|card| card.assignee.is_some() && card.due.is_some()));
    let activity = store.activity_before(1, None, 100).await.expect("activity");
    assert_eq!(activity.len(), cards.len());
    assert!(activity.iter().all(|activity| activity.kind == Kind::Created && activity.person.is_some()));
    assert!(activity.is_sorted_by(|later, earlier| later.id > earlier.id && later.at > earlier.at));
    store.close().await;
}

pub(crate) async fn it_is_made_once(place: Place) {
    let store = place.open().await;
    let made = card(&store, 1, "new").await;
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.boards().await.expect("boards").len(), 1);
    assert_eq!(store.people().await.expect("people").len(), 5);
    assert_eq!(store.card(made.id).await.expect("it was kept").title, "new");
    store.close().await;
}

pub(crate) async fn what_is_not_there(place: Place) {
    let store = place.open().await;
    assert!(matches!(store.board(99).await, Err(Error::Missing(Entity::Board))));
    assert!(matches!(store.card(99).await, Err(Error::Missing(Entity::Card))));
    assert!(matches!(store.attachment(99).await, Err(Error::Missing(Entity::Attachment))));
    assert!(matches!(store.detach(None, 99).await, Err(Error::Missing(Entity::Attachment))));
    assert!(matches!(store.delete_card(None, 99).await, Err(Error::Missing(Entity::Card))));
    assert!(matches!(store.move_card(None, 99, 1, None).await, Err(Error::Missing(Entity::Card))));
    assert!(matches!(store.edit_card(None, 99, 1, &content("x")).await, Err(Error::Missing(Entity::Card))));
    assert!(matches!(store.create_card(None, 99, 1, &content("x")).await, Err(Error::Missing(Entity::Board))));
    store.ping().await.expect("it answers");
    store.close().await;
    assert!(matches!(store.ping().await, Err(Error::Database(_))));
}

pub(crate) async fn activity_comes_in_pages(place: Place) {
    let store = place.open().await;
    let all: Vec<_> = store.activity_before(1, None, 100).await.expect("all").iter().map(|one| one.id).collect();
    let (mut back, mut before) = (Vec::new(), None);
    loop {
        let page = store.activity_before(1, before, 5).await.expect("a page");
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        back.extend(page.iter().map(|activity| activity.id));
    }
    assert_eq!(back, all);
    let ahead = store.activity_after(1, all[4], 3).await.expect("a page");
    assert_eq!(ahead.iter().map(|activity| activity.id).collect::<Vec<_>>(), [all[3], all[2], all[1]]);
    store.close().await;
}
