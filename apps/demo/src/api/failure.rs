//! What a client is told when the store does not do as it is asked.

use crate::store::{Entity, Error};
use transom_web::problem::Part;
use transom_web::{IntoResponse, Problem, Response};

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let message = self.to_string();
        let problem = match &self {
            Self::Missing(_) => Problem::new(404).detail(message),
            Self::Dangling(entity) => {
                let (part, at) = place(*entity);
                Problem::new(422).detail("the request refers to what is not there").fault(part, at, message)
            }
            Self::Changed(_) => Problem::new(409).detail(message),
            // The server's log has the rest.
            _ => return transom_web::Error::from(self).into_response(),
        };
        problem.into_response()
    }
}

/// Where a request refers to it.
fn place(entity: Entity) -> (Part, &'static str) {
    match entity {
        Entity::Person => (Part::Header, "x-person"),
        Entity::Board => (Part::Body, "board"),
        Entity::Column => (Part::Body, "column"),
        Entity::Assignee => (Part::Body, "assignee"),
        Entity::Before => (Part::Body, "before"),
        Entity::Card | Entity::Attachment => (Part::Path, "id"),
    }
}
