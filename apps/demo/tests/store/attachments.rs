//! Files of cards.

use super::card;
use super::database::Place;
use demo::store::{Entity, Error, Filter, Kind, Upload};
use std::io;

fn upload(name: &str, content: &'static [u8]) -> Upload {
    Upload { name: name.to_owned(), media_type: "text/plain".to_owned(), content: Box::new(content) }
}

pub(crate) async fn files_are_kept_and_removed(place: Place) {
    let store = place.open().await;
    let id = card(&store, 1, "with files").await.id;
    let uploads = vec![upload("a.txt", b"first"), upload("../b/\"ü\".txt", b""), upload("c", &[0; 70_000])];
    let attached = store.attach(Some(1), id, uploads).await.expect("they are attached");
    assert_eq!(
        (attached.activity.kind, attached.activity.detail.as_str()),
        (Kind::Attached, "a.txt, ../b/\"ü\".txt, c")
    );
    let files = &attached.cards[0].attachments;
    let told: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.size)).collect();
    assert_eq!(told, [("a.txt", 5), ("../b/\"ü\".txt", 0), ("c", 70_000)]);
    let (file, path) = store.attachment(files[0].id).await.expect("it is there");
    assert_eq!((file.media_type.as_str(), file.card), ("text/plain", id));
    assert_eq!(std::fs::read(path).expect("a file"), b"first");
    assert_eq!(place.files(), 3);

    let detached = store.detach(None, files[0].id).await.expect("it is removed");
    assert_eq!((detached.activity.kind, detached.activity.detail.as_str()), (Kind::Detached, "a.txt"));
    assert_eq!((detached.cards[0].attachments.len(), place.files()), (2, 2));
    let listed = store.cards(1, &Filter::default(), 100).await.expect("cards");
    let with: Vec<_> = listed.iter().filter(|card| !card.attachments.is_empty()).map(|card| card.id).collect();
    assert_eq!(with, [id]);

    store.delete_card(None, id).await.expect("it is deleted");
    assert!(matches!(store.attachment(files[1].id).await, Err(Error::Missing(Entity::Attachment))));
    assert_eq!(place.files(), 0);
    store.close().await;
}

pub(crate) async fn all_files_or_none(place: Place) {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    let store = place.open().await;
    let id = card(&store, 1, "without files").await.id;
    let revision = store.board(1).await.expect("a board").revision;
    let broken = Upload { name: "b".into(), media_type: "text/plain".into(), content: Box::new(Broken) };
    let attached = store.attach(None, id, vec![upload("a", b"whole"), broken]).await;
    assert!(matches!(attached, Err(Error::File(_))));
    assert!(matches!(store.attach(None, 99, vec![upload("a", b"whole")]).await, Err(Error::Missing(Entity::Card))));
    assert!(matches!(
        store.attach(Some(99), id, vec![upload("a", b"whole")]).await,
        Err(Error::Dangling(Entity::Person))
    ));
    assert_eq!((store.card(id).await.expect("it is there").attachments.len(), place.files()), (0, 0));
    assert_eq!(store.board(1).await.expect("a board").revision, revision);
    store.close().await;
}
