//! Cards.

use super::database::Place;
use super::{card, content, empty_column, titles};
use demo::store::{Content, Entity, Error, Filter, Kind};

pub(crate) async fn a_card_is_made_changed_and_taken_away(place: Place) {
    let store = place.open().await;
    let before = store.board(1).await.expect("a board").revision;
    let made = store.create_card(Some(2), 1, 3, &content("Test it")).await.expect("it is made");
    let [card] = &made.cards[..] else { panic!("{made:?}") };
    assert_eq!((card.title.as_str(), card.column, card.version, made.revision), ("Test it", 3, 1, before + 1));
    assert_eq!(
        (made.activity.kind, made.activity.person, made.activity.detail.as_str()),
        (Kind::Created, Some(2), "In review")
    );

    let says = Content {
        title: "Test it well".into(),
        description: "On both".into(),
        assignee: Some(4),
        due: Some("2027-02-28".into()),
    };
    let edited = store.edit_card(None, card.id, 1, &says).await.expect("it is edited");
    let read = store.card(card.id).await.expect("it is there");
    assert_eq!((read.title.as_str(), read.description.as_str(), read.assignee), ("Test it well", "On both", Some(4)));
    assert_eq!((read.due.as_deref(), read.version, edited.revision), (Some("2027-02-28"), 2, before + 2));
    assert_eq!((edited.activity.kind, edited.activity.person), (Kind::Edited, None));

    let deleted = store.delete_card(Some(1), card.id).await.expect("it is deleted");
    assert_eq!((deleted.gone, deleted.cards.len(), deleted.activity.kind), (vec![card.id], 0, Kind::Deleted));
    assert_eq!(deleted.activity.title, "Test it well");
    assert!(matches!(store.card(card.id).await, Err(Error::Missing(Entity::Card))));
    let activity = store.activity_before(1, None, 3).await.expect("activity");
    let told: Vec<_> = activity.iter().map(|activity| (activity.kind, activity.card)).collect();
    assert_eq!(told, [(Kind::Deleted, card.id), (Kind::Edited, card.id), (Kind::Created, card.id)]);
    assert_eq!(store.board(1).await.expect("a board").revision, before + 3);
    store.close().await;
}

pub(crate) async fn texts_come_back_as_they_were(place: Place) {
    let store = place.open().await;
    let text = "'; DROP TABLE cards; -- \"$1\" \\ %00 <b>&amp;</b> \u{1F680} e\u{301} \u{202E}\nline\ttab";
    let made = card(&store, 1, text).await;
    let says = Content { description: text.repeat(100), ..content(text) };
    store.edit_card(None, made.id, 1, &says).await.expect("it is edited");
    let read = store.card(made.id).await.expect("it is there");
    assert_eq!((read.title.as_str(), read.description), (text, text.repeat(100)));
    store.close().await;
}

pub(crate) async fn a_card_goes_where_it_is_put(place: Place) {
    let store = place.open().await;
    let column = empty_column(&store).await.expect("a column");
    let mut ids = Vec::new();
    for title in ["a", "b", "c", "d"] {
        ids.push(card(&store, column, title).await.id);
    }
    let [a, b, _, d] = ids[..] else { unreachable!() };
    assert_eq!(titles(&store, column).await, ["a", "b", "c", "d"]);
    let moved = store.move_card(Some(1), d, column, Some(a)).await.expect("to the top");
    assert_eq!(titles(&store, column).await, ["d", "a", "b", "c"]);
    assert_eq!((moved.cards.len(), moved.activity.kind, moved.activity.detail.as_str()), (1, Kind::Moved, "To do"));
    assert_eq!(moved.cards[0].version, 1, "a move leaves what the card says");
    store.move_card(None, d, column, None).await.expect("to the end");
    assert_eq!(titles(&store, column).await, ["a", "b", "c", "d"]);
    store.move_card(None, d, column, Some(b)).await.expect("between");
    assert_eq!(titles(&store, column).await, ["a", "d", "b", "c"]);
    store.move_card(None, d, column, Some(b)).await.expect("where it is");
    assert_eq!(titles(&store, column).await, ["a", "d", "b", "c"]);
    let other = store.columns(1).await.expect("columns")[3].id;
    store.move_card(None, d, other, None).await.expect("to another column");
    assert_eq!(titles(&store, column).await, ["a", "b", "c"]);
    assert_eq!(titles(&store, other).await.last().map(String::as_str), Some("d"));
    store.close().await;
}

pub(crate) async fn places_are_made_where_there_are_none(place: Place) {
    let store = place.open().await;
    let column = empty_column(&store).await.expect("a column");
    let first = card(&store, column, "first").await.id;
    let mut expected = vec!["first".to_owned()];
    let mut before = card(&store, column, "last").await.id;
    let mut all_changed = 0;
    for number in 0..40 {
        let title = format!("{number}");
        let new = card(&store, column, &title).await.id;
        let moved = store.move_card(None, new, column, Some(before)).await.expect("it is moved");
        all_changed += usize::from(moved.cards.len() == number + 3);
        assert_eq!(moved.cards.len() > 1, moved.cards.len() == number + 3, "one card, or all of the column");
        before = new;
        expected.insert(1, title);
    }
    expected.push("last".to_owned());
    assert_eq!(titles(&store, column).await, expected);
    assert!((1..5).contains(&all_changed), "{all_changed}");
    store.move_card(None, first, column, None).await.expect("it is moved");
    expected.rotate_left(1);
    assert_eq!(titles(&store, column).await, expected);
    store.close().await;
}

pub(crate) async fn it_is_not_changed_behind_somebodys_back(place: Place) {
    let store = place.open().await;
    let id = card(&store, 1, "first").await.id;
    store.edit_card(None, id, 1, &content("second")).await.expect("it is edited");
    let Err(Error::Changed(now)) = store.edit_card(None, id, 1, &content("third")).await else {
        panic!("the second edit is lost")
    };
    assert_eq!((now.title.as_str(), now.version), ("second", 2));
    // Somebody may move it meanwhile.
    store.move_card(None, id, 2, None).await.expect("it is moved");
    store.edit_card(None, id, 2, &content("third")).await.expect("it is edited");
    assert_eq!(store.card(id).await.expect("it is there").title, "third");
    store.close().await;
}

pub(crate) async fn what_is_refused_changes_nothing(place: Place) {
    let store = place.open().await;
    let id = card(&store, 1, "as it was").await.id;
    let before = (store.board(1).await.expect("a board").revision, titles(&store, 1).await);
    let nobody = Content { assignee: Some(99), ..content("x") };
    assert!(matches!(store.create_card(None, 1, 1, &nobody).await, Err(Error::Dangling(Entity::Assignee))));
    assert!(matches!(store.edit_card(None, id, 1, &nobody).await, Err(Error::Dangling(Entity::Assignee))));
    assert!(matches!(store.edit_card(Some(99), id, 1, &content("x")).await, Err(Error::Dangling(Entity::Person))));
    assert!(matches!(store.delete_card(Some(99), id).await, Err(Error::Dangling(Entity::Person))));
    assert!(matches!(store.create_card(None, 1, 99, &content("x")).await, Err(Error::Dangling(Entity::Column))));
    assert!(matches!(store.move_card(None, id, 99, None).await, Err(Error::Dangling(Entity::Column))));
    assert!(matches!(store.move_card(None, id, 1, Some(id)).await, Err(Error::Dangling(Entity::Before))));
    let elsewhere = card(&store, 2, "elsewhere").await.id;
    assert!(matches!(store.move_card(None, id, 1, Some(elsewhere)).await, Err(Error::Dangling(Entity::Before))));
    store.delete_card(None, elsewhere).await.expect("it is deleted");
    let after = (store.board(1).await.expect("a board").revision - 2, titles(&store, 1).await);
    assert_eq!(after, before);
    assert_eq!(store.card(id).await.expect("it is there").version, 1);
    store.close().await;
}

pub(crate) async fn cards_come_in_pages(place: Place) {
    let store = place.open().await;
    let all: Vec<_> = store.cards(1, &Filter::default(), 1000).await.expect("all").iter().map(|card| card.id).collect();
    let (mut found, mut filter) = (Vec::new(), Filter::default());
    loop {
        let page = store.cards(1, &filter, 5).await.expect("a page");
        let Some(last) = page.last() else { break };
        filter.after = last.id;
        found.extend(page.iter().map(|card| card.id));
    }
    assert_eq!(found, all);
    let assigned = Filter { assignee: Some(1), ..Filter::default() };
    let assigned = store.cards(1, &assigned, 100).await.expect("cards");
    assert!(!assigned.is_empty() && assigned.iter().all(|card| card.assignee == Some(1)));
    let both = Filter { assignee: Some(1), column: Some(assigned[0].column), after: 0 };
    let both = store.cards(1, &both, 100).await.expect("cards");
    assert!(!both.is_empty() && both.len() < assigned.len());
    store.close().await;
}
