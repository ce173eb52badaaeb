use super::super::clause::{Clause, END_3, EVENT_1};
use super::Handshake;
use crate::{Capabilities, End, Incoming, Message, WebSocketScope};

/// The receiving half of a WebSocket exchange.
///
/// What was delivered was delivered: unlike the sending half, this one goes on after an event that was not legal.
#[derive(Clone, Debug)]
pub struct WebSocketReceive {
    /// Pings and pongs are delivered.
    control: bool,
    end: Option<End>,
}

pub(crate) const WS_9: Clause =
    Clause { id: "WS-9", sentence: "`recv` MUST stay pending in Connecting, unless the peer is lost." };

pub(crate) const WS_10: Clause = Clause {
    id: "WS-10",
    sentence: "Messages MUST be delivered whole and in order, pings and pongs with `WEBSOCKET_CONTROL` alone.",
};

pub(crate) const WS_12: Clause = Clause {
    id: "WS-12",
    sentence: "An accepted socket that is over MUST end with `End(Closed)`, with code 1005 if the peer's close had \
               none and 1006 if there was no close.",
};

pub(crate) const WS_13: Clause = Clause {
    id: "WS-13",
    sentence: "A handshake denied in full MUST end with `End(Complete)`, one whose peer is lost with \
               `End(Disconnected)`.",
};

impl WebSocketReceive {
    /// The beginning of an exchange.
    pub fn new(scope: &WebSocketScope) -> Self {
        Self { control: scope.http().capabilities().contains(Capabilities::WEBSOCKET_CONTROL), end: None }
    }

    /// Takes `event` into account.
    ///
    /// # Errors
    /// The clause that whoever delivered it broke.
    pub fn receive(&mut self, event: &Incoming, handshake: Handshake) -> Result<(), &'static Clause> {
        match (event, &self.end) {
            (Incoming::End(end), Some(before)) if end == before => return Ok(()),
            (_, Some(_)) => return Err(&END_3),
            _ => {}
        }
        match (event, handshake) {
            (Incoming::Message(Message::Ping(_) | Message::Pong(_)), Handshake::Accepted) if !self.control => {
                Err(&WS_10)
            }
            (Incoming::Message(_), Handshake::Accepted) => Ok(()),
            (Incoming::Message(_), _) => Err(&WS_9),
            (Incoming::End(end), handshake) => {
                self.end = Some(end.clone());
                check_end(end, handshake)
            }
            (Incoming::Extension(_), _) => Ok(()),
            (Incoming::Body { .. } | Incoming::Trailers(_) | Incoming::Draining { .. } | Incoming::Shutdown, _) => {
                Err(&EVENT_1)
            }
        }
    }
}

/// Whether an exchange may be over for this reason.
pub(crate) fn check_end(end: &End, handshake: Handshake) -> Result<(), &'static Clause> {
    match (handshake, end) {
        (Handshake::Accepted, End::Closed { code: 1006, clean: true, .. }) => Err(&WS_12),
        (Handshake::Accepted, End::Closed { .. }) => Ok(()),
        (Handshake::Accepted, _) => Err(&WS_12),
        (Handshake::Denied, End::Complete) => Ok(()),
        (Handshake::Pending | Handshake::Denied, End::Disconnected { .. } | End::ServerShutdown) => Ok(()),
        _ => Err(&WS_13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Head, Headers, HttpScope};
    use Handshake::{Accepted, Denied, Pending};

    fn receive(capabilities: Capabilities) -> WebSocketReceive {
        WebSocketReceive::new(&WebSocketScope::new(HttpScope::new(Head::default().into(), capabilities)))
    }

    fn verdict(event: Incoming, handshake: Handshake) -> Result<(), &'static str> {
        receive(Capabilities::NONE).receive(&event, handshake).map_err(|clause| clause.id)
    }

    fn text() -> Incoming {
        Incoming::Message(Message::Text("hi".into()))
    }

    fn closed() -> End {
        End::Closed { code: 1006, reason: "".into(), clean: false }
    }

    fn cleanly(code: u16) -> End {
        End::Closed { code, reason: "".into(), clean: true }
    }

    #[test]
    fn messages() {
        assert_eq!(verdict(text(), Accepted), Ok(()));
        assert_eq!(verdict(text(), Pending), Err("WS-9"));
        let ping = || Incoming::Message(Message::Ping("".into()));
        assert_eq!(verdict(ping(), Accepted), Err("WS-10"));
        assert_eq!(receive(Capabilities::WEBSOCKET_CONTROL).receive(&ping(), Accepted), Ok(()));
        assert_eq!(verdict(Incoming::Trailers(Headers::new()), Accepted), Err("EVENT-1"));
    }

    #[test]
    fn ends() {
        let gone = End::Disconnected { code: None };
        for (end, handshake, expected) in [
            (closed(), Accepted, Ok(())),
            (cleanly(1005), Accepted, Ok(())),
            (cleanly(1006), Accepted, Err("WS-12")),
            (gone.clone(), Accepted, Err("WS-12")),
            (End::Complete, Denied, Ok(())),
            (gone.clone(), Pending, Ok(())),
            (gone, Denied, Ok(())),
            (closed(), Denied, Err("WS-13")),
            (closed(), Pending, Err("WS-13")),
            (End::Complete, Pending, Err("WS-13")),
        ] {
            assert_eq!(verdict(Incoming::End(end), handshake), expected);
        }
        let mut receive = receive(Capabilities::NONE);
        receive.receive(&Incoming::End(closed()), Accepted).unwrap();
        assert_eq!(receive.receive(&text(), Accepted), Err(&END_3));
    }
}
