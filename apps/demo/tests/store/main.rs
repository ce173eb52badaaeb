//! The store, on SQLite and on PostgreSQL.

mod attachments;
mod boards;
mod cards;
mod concurrency;
mod database;

use database::{Postgres, Sqlite};
use demo::store::{Card, Content, Error, Filter, Store};

/// Declares the scenarios, each of which gets a database of its own: as tests of their own on SQLite, and as one test
/// on PostgreSQL, since starting that takes longer than they do.
macro_rules! scenarios {
    ($($module:ident: $($scenario:ident)*;)*) => {
        mod sqlite {
            $(mod $module {
                $(#[test]
                fn $scenario() {
                    let database = super::super::Sqlite::new();
                    super::super::run(crate::$module::$scenario(database.place()));
                })*
            })*
        }

        #[test]
        fn postgres() {
            let postgres = Postgres::start();
            $($({
                println!(concat!(stringify!($module), "::", stringify!($scenario)));
                let database = postgres.database(stringify!($scenario));
                run($module::$scenario(database.place()));
            })*)*
        }
    };
}

scenarios! {
    boards: there_is_something_to_look_at it_is_made_once what_is_not_there activity_comes_in_pages;
    cards:
        a_card_is_made_changed_and_taken_away
        texts_come_back_as_they_were
        a_card_goes_where_it_is_put
        places_are_made_where_there_are_none
        it_is_not_changed_behind_somebodys_back
        what_is_refused_changes_nothing
        cards_come_in_pages;
    attachments: files_are_kept_and_removed all_files_or_none;
    concurrency: changes_wait_for_each_other starts_at_the_same_time;
}

fn run(scenario: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(scenario);
}

/// What a card says that is about nothing else.
fn content(title: &str) -> Content {
    Content { title: title.to_owned(), description: String::new(), assignee: None, due: None }
}

/// Makes a card at the end of a column of the first board.
async fn card(store: &Store, column: i64, title: &str) -> Card {
    let mut change = store.create_card(None, 1, column, &content(title)).await.expect("it can be made");
    change.cards.remove(0)
}

/// The titles in a column, from top to bottom.
async fn titles(store: &Store, column: i64) -> Vec<String> {
    let mut cards = store.cards(1, &Filter { column: Some(column), ..Filter::default() }, 1000).await.expect("cards");
    cards.sort_by_key(|card| (card.position, card.id));
    cards.into_iter().map(|card| card.title).collect()
}

/// A column of the first board in which there is no card.
async fn empty_column(store: &Store) -> Result<i64, Error> {
    let column = store.columns(1).await?[0].id;
    let filter = Filter { column: Some(column), ..Filter::default() };
    for card in store.cards(1, &filter, 1000).await? {
        store.delete_card(None, card.id).await?;
    }
    Ok(column)
}
