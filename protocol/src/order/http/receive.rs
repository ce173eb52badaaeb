use super::super::clause::{Clause, END_3, EVENT_1};
use crate::{BodyHint, End, Incoming, field};

/// The receiving half of an HTTP exchange.
///
/// ```text
/// call ─▶ Open ── Body with more ↺ ── Body without more, or Trailers ──▶ Read ── exchange over ──▶ Ended
///           │                                                                                         ▲
///           └── the peer is lost, or the rest of the request is unusable: End(reason) ────────────────┘
/// ```
///
/// What was delivered was delivered: unlike the sending half, this one goes on after an event that was not legal.
#[derive(Clone, Debug)]
pub struct HttpReceive {
    state: State,
    /// The request has no body.
    is_absent: bool,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The request has no body, and that is not said yet.
    Absent,
    Open {
        /// What is left of the announced length.
        left: Option<u64>,
    },
    Read,
    /// All that is left of the request came through the tunnel, and raw bytes follow.
    Raw,
    /// The peer closed its side of the tunnel.
    RawRead,
}

impl HttpReceive {
    /// The beginning of an exchange whose request has a body like this.
    pub fn new(hint: BodyHint) -> Self {
        let state = match hint {
            BodyHint::None => State::Absent,
            BodyHint::Exact(length) => State::Open { left: Some(length) },
            BodyHint::Unknown => State::Open { left: None },
        };
        Self { state, is_absent: hint == BodyHint::None, end: None }
    }

    /// Takes `event` into account. `tunnel` says whether a tunnel was accepted before.
    ///
    /// # Errors
    /// The clause that whoever delivered it broke.
    pub fn receive(&mut self, event: &Incoming, tunnel: bool) -> Result<(), &'static Clause> {
        match (event, &self.end) {
            (Incoming::End(end), Some(before)) if end == before => return Ok(()),
            (_, Some(_)) => return Err(&END_3),
            _ => {}
        }
        match event {
            Incoming::Body { data, more } if tunnel => self.raw(data.len() as u64, *more),
            Incoming::Body { data, more } => self.body(data.len() as u64, *more),
            Incoming::Trailers(fields) => {
                let is_misplaced = self.trailers(tunnel);
                if fields.is_empty() || fields.iter().any(|(name, _)| field::is_forbidden_in_trailers(name)) {
                    return Err(&TRAILERS_3);
                }
                is_misplaced
            }
            Incoming::End(end) => {
                self.end = Some(end.clone());
                match end {
                    End::Timeout if tunnel => Err(&HTTP_RECV_10),
                    End::Timeout | End::BadRequest(_) if self.state == State::Read => Err(&HTTP_RECV_2),
                    _ => Ok(()),
                }
            }
            Incoming::Extension(_) => Ok(()),
            Incoming::Message(_) | Incoming::Draining { .. } | Incoming::Shutdown => Err(&EVENT_1),
        }
    }

    /// The last event of the request came, and a tunnel was accepted: what follows are raw bytes.
    pub fn open_tunnel(&mut self) {
        self.state = State::Raw;
    }

    /// It is still to be said that the request has no body.
    pub fn is_absent(&self) -> bool {
        self.state == State::Absent
    }

    /// The request is not at its end.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// More of the request is to come, or of the tunnel if one was accepted.
    pub fn is_awaited(&self, tunnel: bool) -> bool {
        self.is_open() || (tunnel && self.state != State::RawRead)
    }
}

pub(crate) const HTTP_RECV_2: Clause = Clause {
    id: "HTTP-RECV-2",
    sentence: "The request MUST end with exactly one of `Body { more: false }`, `Trailers` and `End`.",
};

pub(crate) const HTTP_RECV_3: Clause = Clause {
    id: "HTTP-RECV-3",
    sentence: "With `BodyHint::None` the first `recv` MUST give one empty `Body` without `more`, and no other `Body` \
               or `Trailers` follows, a tunnel excepted.",
};

pub(crate) const HTTP_RECV_4: Clause = Clause {
    id: "HTTP-RECV-4",
    sentence: "With `BodyHint::Exact(n)` the bodies up to `more: false` MUST have n bytes together.",
};

pub(crate) const HTTP_RECV_10: Clause = Clause {
    id: "HTTP-RECV-10",
    sentence: "A server MAY end a body, but not a tunnel, with `End(Timeout)` when the peer sends nothing for a time \
               while `recv` is pending.",
};

impl HttpReceive {
    fn body(&mut self, len: u64, more: bool) -> Result<(), &'static Clause> {
        let (state, verdict) = match self.state {
            State::Absent => (State::Read, if len == 0 && !more { Ok(()) } else { Err(&HTTP_RECV_3) }),
            State::Open { left } => {
                let fits = left.is_none_or(|left| if more { len <= left } else { len == left });
                let left = left.map(|left| left.saturating_sub(len));
                let state = if more { State::Open { left } } else { State::Read };
                (state, if fits { Ok(()) } else { Err(&HTTP_RECV_4) })
            }
            state => (state, Err(self.beyond())),
        };
        self.state = state;
        verdict
    }

    /// The clause against a second end of the request.
    fn beyond(&self) -> &'static Clause {
        if self.is_absent { &HTTP_RECV_3 } else { &HTTP_RECV_2 }
    }
}

pub(crate) const TUNNEL_6: Clause = Clause {
    id: "TUNNEL-6",
    sentence: "What is left of the request MUST come before the raw bytes: its body with `more: true`, and its \
               trailers.",
};

pub(crate) const TUNNEL_7: Clause = Clause {
    id: "TUNNEL-7",
    sentence: "A peer that closes its sending side MUST end its direction alone: after all of its bytes `recv` gives \
               an empty `Body` without `more`.",
};

pub(crate) const TRAILERS_3: Clause = Clause {
    id: "TRAILERS-3",
    sentence: "The server MUST drop such fields from the trailers of a request, and trailers that have no others.",
};

impl HttpReceive {
    /// Where what is left of the request ends and the raw bytes begin cannot be seen, unless its length is known.
    fn raw(&mut self, len: u64, more: bool) -> Result<(), &'static Clause> {
        let left = match self.state {
            State::RawRead => return Err(&TUNNEL_7),
            State::Open { left } => left.unwrap_or(0),
            State::Absent | State::Read | State::Raw => 0,
        };
        if !more {
            self.state = State::RawRead;
            return match (left, len) {
                (0, 0) => Ok(()),
                (0, _) => Err(&TUNNEL_7),
                _ => Err(&TUNNEL_6),
            };
        }
        self.state = match self.state {
            State::Open { left: None } => State::Open { left: None },
            State::Open { .. } if left > len => State::Open { left: Some(left - len) },
            _ => State::Raw,
        };
        Ok(())
    }

    fn trailers(&mut self, tunnel: bool) -> Result<(), &'static Clause> {
        let (state, verdict) = match self.state {
            State::Open { left } if tunnel => {
                (State::Raw, if left.unwrap_or(0) == 0 { Ok(()) } else { Err(&TUNNEL_6) })
            }
            State::Open { left } => (State::Read, if left.unwrap_or(0) == 0 { Ok(()) } else { Err(&HTTP_RECV_4) }),
            State::RawRead => (State::RawRead, Err(&TUNNEL_7)),
            _ if tunnel => (State::Raw, Err(&TUNNEL_6)),
            _ => (State::Read, Err(self.beyond())),
        };
        self.state = state;
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BadRequest, Headers};
    use BodyHint::{Exact, None as Nothing, Unknown};

    fn body(data: &'static str, more: bool) -> Incoming {
        Incoming::Body { data: data.into(), more }
    }

    fn trailers() -> Incoming {
        Incoming::Trailers(Headers::from_static(&[("x-sum", "1")]))
    }

    fn end(end: End) -> Incoming {
        Incoming::End(end)
    }

    /// The clause that the last event breaks; the others break none.
    fn verdict(hint: BodyHint, tunnel: bool, events: Vec<Incoming>) -> Result<(), &'static str> {
        let mut receive = HttpReceive::new(hint);
        let last = events.len() - 1;
        for event in &events[..last] {
            assert_eq!(receive.receive(event, tunnel), Ok(()), "{event:?}");
        }
        receive.receive(&events[last], tunnel).map_err(|clause| clause.id)
    }

    #[test]
    fn requests() {
        let gone = || end(End::Disconnected { code: None });
        for (hint, events) in [
            (Nothing, vec![body("", false), end(End::Complete), end(End::Complete)]),
            (Nothing, vec![gone()]),
            (Exact(3), vec![body("ab", true), body("", true), body("c", false), gone()]),
            (Exact(3), vec![body("abc", true), body("", false)]),
            (Exact(3), vec![body("a", true), end(End::BadRequest(BadRequest::Truncated))]),
            (Exact(1), vec![body("a", true), trailers()]),
            (Unknown, vec![body("a", true), trailers(), gone()]),
            (Unknown, vec![end(End::Timeout), end(End::Timeout)]),
        ] {
            assert_eq!(verdict(hint, false, events), Ok(()));
        }
        for (hint, events, clause) in [
            (Nothing, vec![body("", true)], "HTTP-RECV-3"),
            (Nothing, vec![body("a", false)], "HTTP-RECV-3"),
            (Nothing, vec![body("", false), body("", false)], "HTTP-RECV-3"),
            (Nothing, vec![trailers()], "HTTP-RECV-3"),
            (Exact(3), vec![body("abcd", true)], "HTTP-RECV-4"),
            (Exact(3), vec![body("ab", false)], "HTTP-RECV-4"),
            (Exact(3), vec![trailers()], "HTTP-RECV-4"),
            (Unknown, vec![body("", false), body("", false)], "HTTP-RECV-2"),
            (Unknown, vec![trailers(), trailers()], "HTTP-RECV-2"),
            (Unknown, vec![body("", false), end(End::Timeout)], "HTTP-RECV-2"),
            (Unknown, vec![end(End::Timeout), gone()], "END-3"),
            (Unknown, vec![gone(), body("", false)], "END-3"),
            (Unknown, vec![Incoming::Trailers(Headers::new())], "TRAILERS-3"),
            (Unknown, vec![Incoming::Shutdown], "EVENT-1"),
        ] {
            assert_eq!(verdict(hint, false, events), Err(clause));
        }
    }

    #[test]
    fn tunnels() {
        for (hint, events) in [
            (Nothing, vec![body("raw", true), body("", false), end(End::Complete)]),
            (Exact(1), vec![body("a", true), body("raw", true), body("", false)]),
            (Unknown, vec![body("a", true), trailers(), body("raw", true), body("", false)]),
        ] {
            assert_eq!(verdict(hint, true, events), Ok(()));
        }
        for (hint, events, clause) in [
            (Nothing, vec![body("raw", false)], "TUNNEL-7"),
            (Nothing, vec![body("", false), body("raw", true)], "TUNNEL-7"),
            (Nothing, vec![trailers()], "TUNNEL-6"),
            (Exact(1), vec![body("a", false)], "TUNNEL-6"),
            (Exact(1), vec![trailers()], "TUNNEL-6"),
            (Nothing, vec![body("", false), trailers()], "TUNNEL-7"),
            (Unknown, vec![trailers(), trailers()], "TUNNEL-6"),
            (Unknown, vec![end(End::Timeout)], "HTTP-RECV-10"),
        ] {
            assert_eq!(verdict(hint, true, events), Err(clause));
        }
    }

    #[test]
    fn a_tunnel_begins_after_the_request() {
        let mut receive = HttpReceive::new(Unknown);
        receive.receive(&body("a", false), false).unwrap();
        assert!(!receive.is_awaited(false) && receive.is_awaited(true));
        receive.receive(&body("", false), true).unwrap();
        assert!(!receive.is_awaited(true));
    }
}
