//! Files of cards.

use super::person::Actor;
use crate::live::Live;
use crate::store::{Change, Error, Store, Upload};
use transom_web::file::File;
use transom_web::multipart::{Limits, Multipart};
use transom_web::problem::Part;
use transom_web::{IntoResponse, Json, Path, Problem, Response, Route, State, post};

/// Bytes of an upload.
const LARGEST: u64 = 32 << 20;
/// Files of an upload, with fields that are of no interest.
const MOST: usize = 20;
/// Characters of a file's name; what is beyond is left out.
const LONGEST_NAME: usize = 200;

pub(super) fn upload() -> Route {
    post(attach).body_limit(LARGEST)
}

/// Takes the files of a form, whatever its fields are called.
async fn attach(
    State(store): State<Store>,
    State(live): State<Live>,
    Actor(person): Actor,
    Path(card): Path<i64>,
    form: Multipart,
) -> Result<Response, transom_web::Error> {
    let form = form.limits(Limits::new().parts(MOST)).collect().await?;
    let mut uploads = Vec::new();
    for (_, file) in form.files {
        let name = if file.file_name().is_empty() { "file" } else { file.file_name() };
        let name = name.chars().take(LONGEST_NAME).collect();
        let media_type = file.content_type().unwrap_or("application/octet-stream").to_owned();
        uploads.push(Upload { name, media_type, content: Box::new(file.into_reader()?) });
    }
    if uploads.is_empty() {
        return Ok(Problem::new(422).fault(Part::Body, "", "there is no file").into_response());
    }
    Ok(match store.attach(person, card, uploads).await {
        Ok(change) => Json(live.tell(change).await).into_response().status(201),
        Err(error) => error.into_response(),
    })
}

/// What strangers attach is stored by the browser and never shown: it might be a page with a script.
pub(super) async fn download(State(store): State<Store>, Path(id): Path<i64>) -> Result<File, Error> {
    let (attachment, path) = store.attachment(id).await?;
    Ok(File::at(path)
        .content_type(attachment.media_type)
        .attachment(&attachment.name)
        .header("x-content-type-options", "nosniff")
        .header("content-security-policy", "sandbox"))
}

pub(super) async fn remove(
    State(store): State<Store>,
    State(live): State<Live>,
    Actor(person): Actor,
    Path(id): Path<i64>,
) -> Result<Json<Change>, Error> {
    Ok(Json(live.tell(store.detach(person, id).await?).await))
}
