use super::report::Blame::{self, Application, Layer, Server};
use super::{call, layer, scope, server};
use crate::order::clause::{CAP_3, END_3, EVENT_1, STATE_4};
use crate::order::{Clause, http, lifespan, websocket};

/// A clause that is checked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The clause.
    pub clause: &'static Clause,
    /// Who can be found to have broken it. Between two lints that is a layer in the place of the server and, for what
    /// is sent, of the application.
    pub blames: &'static [Blame],
}

/// What is sent is checked twice: whether it is legal, and if it is not, whether it is refused.
const BOTH: &[Blame] = &[Application, Server];

const fn by(blames: &'static [Blame], clause: &'static Clause) -> Checked {
    Checked { clause, blames }
}

/// Every clause that a lint checks, in the order of `SPEC.md`. A check finds some ways to break its clause, those that
/// can be seen from where it stands, and not all.
pub const CLAUSES: &[Checked] = &[
    by(&[Server], &scope::APP_10),
    by(&[Server], &server::SCOPE_5),
    by(&[Server], &server::SCOPE_6),
    by(&[Server], &scope::SCOPE_10),
    by(&[Server], &scope::SCOPE_11),
    by(&[Server], &scope::PATH_1),
    by(&[Server], &scope::PATH_2),
    by(&[Server], &scope::PATH_3),
    by(&[Server], &scope::HEADERS_1),
    by(&[Server], &scope::HEADERS_2),
    by(&[Server], &server::STATE_1),
    by(BOTH, &STATE_4),
    by(&[Server], &scope::CAP_1),
    by(&[Server], &scope::CAP_2),
    by(BOTH, &CAP_3),
    by(&[Layer], &layer::CAP_4),
    by(&[Server], &EVENT_1),
    by(&[Server], &http::HTTP_RECV_2),
    by(&[Server], &http::HTTP_RECV_3),
    by(&[Server], &http::HTTP_RECV_4),
    by(&[Server], &call::HTTP_RECV_5),
    by(&[Server], &http::HTTP_RECV_10),
    by(&[Server], &call::HTTP_RECV_11),
    by(BOTH, &http::HTTP_SEND_1),
    by(BOTH, &http::HTTP_SEND_3),
    by(BOTH, &http::HTTP_SEND_4),
    by(BOTH, &http::HTTP_SEND_5),
    by(BOTH, &http::HTTP_SEND_6),
    by(BOTH, &http::HTTP_SEND_7),
    by(BOTH, &http::HTTP_SEND_8),
    by(BOTH, &http::HTTP_SEND_9),
    by(BOTH, &http::HTTP_SEND_10),
    by(BOTH, &http::HTTP_SEND_11),
    by(BOTH, &http::HTTP_SEND_12),
    by(&[Application], &call::HTTP_SEND_14),
    by(&[Server], &call::END_1),
    by(&[Server], &call::END_2),
    by(&[Server], &END_3),
    by(&[Application], &call::END_5),
    by(&[Server], &call::END_6),
    by(&[Server], &server::END_7),
    by(&[Application], &call::RETURN_1),
    by(&[Server], &call::RETURN_9),
    by(&[Server], &call::FLOW_3),
    by(&[Server], &call::FLOW_4),
    by(&[Server], &call::FLUSH_1),
    by(&[Server], &call::FLUSH_2),
    by(&[Server], &call::CLOSED_1),
    by(&[Server], &call::CLOSED_2),
    by(&[Server], &call::CLOSED_3),
    by(&[Server], &call::CLOSED_4),
    by(&[Server], &call::DISC_1),
    by(&[Server], &call::DISC_6),
    by(BOTH, &http::TUNNEL_1),
    by(BOTH, &http::TUNNEL_2),
    by(BOTH, &http::TUNNEL_3),
    by(&[Server], &http::TUNNEL_6),
    by(&[Server], &http::TUNNEL_7),
    by(&[Server], &call::FILE_1),
    by(BOTH, &http::TRAILERS_1),
    by(BOTH, &http::TRAILERS_2),
    by(&[Server], &http::TRAILERS_3),
    by(&[Server], &scope::WS_1),
    by(BOTH, &websocket::WS_2),
    by(BOTH, &websocket::WS_3),
    by(BOTH, &websocket::WS_4),
    by(BOTH, &websocket::WS_5),
    by(BOTH, &websocket::WS_6),
    by(BOTH, &websocket::WS_8),
    by(&[Server], &websocket::WS_9),
    by(&[Server], &websocket::WS_10),
    by(&[Server], &websocket::WS_12),
    by(&[Server], &websocket::WS_13),
    by(&[Application], &call::WS_14),
    by(&[Server], &server::LIFE_1),
    by(&[Server], &server::LIFE_2),
    by(BOTH, &lifespan::LIFE_6),
    by(&[Server], &call::LIFE_7),
    by(&[Server], &lifespan::LIFE_8),
    by(&[Server], &lifespan::LIFE_9),
    by(&[Server], &lifespan::LIFE_10),
    by(&[Server], &call::LIFE_16),
    by(&[Layer], &layer::LAYER_2),
    by(&[Layer], &layer::LAYER_3),
    by(&[Layer], &layer::LAYER_4),
    by(&[Layer], &layer::LAYER_5),
    by(&[Layer], &layer::LAYER_7),
];
