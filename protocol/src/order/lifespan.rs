use super::clause::{Clause, END_3, EVENT_1, First, Refusal, Refuse, STATE_4};
use crate::{Capabilities, End, Incoming, Outgoing, SendError, Violation};

/// The sending half of the lifespan exchange: `Ready`, once.
#[derive(Clone, Debug, Default)]
pub struct LifespanSend {
    ready: bool,
}

pub(crate) const LIFE_6: Clause = Clause {
    id: "LIFE-6",
    sentence: "A second `Ready` MUST be refused with `OutOfOrder`, every event of HTTP and WebSocket with \
               `WrongProtocol`, an extension's that was not agreed on with `Unsupported`.",
};

impl LifespanSend {
    /// The beginning of the call.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `event` into account, or refuses it.
    ///
    /// # Errors
    /// The refusal that the application is given. The state is unchanged.
    pub fn accept(&mut self, event: &Outgoing) -> Result<(), SendError> {
        self.check(event, &mut First)?;
        self.ready = true;
        Ok(())
    }

    /// The rule that `event` would break; none if it is legal.
    pub fn refusals(&self, event: &Outgoing) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let _ = self.check(event, &mut refusals);
        refusals
    }

    /// Startup is done.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    fn check(&self, event: &Outgoing, refuse: &mut impl Refuse) -> Result<(), SendError> {
        match event {
            Outgoing::Ready(_) if !self.ready => Ok(()),
            Outgoing::Ready(_) => refuse.refuse(&LIFE_6, Violation::OutOfOrder.into()),
            Outgoing::Extension(_) => refuse.refuse(&STATE_4, SendError::Unsupported(Capabilities::NONE)),
            _ => refuse.refuse(&LIFE_6, Violation::WrongProtocol.into()),
        }
    }
}

/// The receiving half of the lifespan exchange: `Draining`, `Shutdown`, and the end.
#[derive(Clone, Debug, Default)]
pub struct LifespanReceive {
    draining: bool,
    shutdown: bool,
    end: Option<End>,
}

pub(crate) const LIFE_8: Clause = Clause {
    id: "LIFE-8",
    sentence: "The server MUST deliver `Draining` when it begins to stop, with the time that running calls are given.",
};

pub(crate) const LIFE_9: Clause = Clause {
    id: "LIFE-9",
    sentence: "The server MUST deliver `Shutdown` when every other call has returned or was dropped, and await the \
               return.",
};

pub(crate) const LIFE_10: Clause = Clause {
    id: "LIFE-10",
    sentence: "The application SHOULD return after `Shutdown`; `recv` then gives `End(Complete)`.",
};

impl LifespanReceive {
    /// The beginning of the call.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `event` into account.
    ///
    /// # Errors
    /// The clause that whoever delivered it broke.
    pub fn receive(&mut self, event: &Incoming) -> Result<(), &'static Clause> {
        match (event, &self.end) {
            (Incoming::End(end), Some(before)) if end == before => return Ok(()),
            (_, Some(_)) => return Err(&END_3),
            _ => {}
        }
        match event {
            Incoming::Draining { .. } => {
                let again = std::mem::replace(&mut self.draining, true);
                if again || self.shutdown { Err(&LIFE_8) } else { Ok(()) }
            }
            Incoming::Shutdown => {
                let again = std::mem::replace(&mut self.shutdown, true);
                match self.draining {
                    _ if again => Err(&LIFE_9),
                    true => Ok(()),
                    false => Err(&LIFE_8),
                }
            }
            Incoming::End(end) => {
                self.end = Some(end.clone());
                match (self.shutdown, end) {
                    (true, End::Complete) | (false, End::ServerShutdown) => Ok(()),
                    (true, _) => Err(&LIFE_10),
                    (false, _) => Err(&LIFE_9),
                }
            }
            Incoming::Extension(_) => Ok(()),
            Incoming::Body { .. } | Incoming::Trailers(_) | Incoming::Message(_) => Err(&EVENT_1),
        }
    }

    /// The server has stopped, and said so.
    pub fn is_stopped(&self) -> bool {
        self.shutdown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Headers, State};
    use std::time::Duration;

    #[test]
    fn ready_once_and_nothing_else() {
        let mut send = LifespanSend::new();
        let response = Outgoing::Response { status: 200, headers: Headers::new(), body: "".into() };
        assert_eq!(send.accept(&response), Err(Violation::WrongProtocol.into()));
        assert!(!send.is_ready());
        send.accept(&Outgoing::Ready(State::new())).unwrap();
        assert_eq!(send.accept(&Outgoing::Ready(State::new())), Err(Violation::OutOfOrder.into()));
    }

    #[test]
    fn draining_and_then_shutdown() {
        let draining = || Incoming::Draining { grace: Duration::ZERO };
        let verdict = |events: Vec<Incoming>| {
            let mut receive = LifespanReceive::new();
            events.iter().try_for_each(|event| receive.receive(event)).map_err(|clause| clause.id)
        };
        let end = || Incoming::End(End::Complete);
        assert_eq!(verdict(vec![draining(), Incoming::Shutdown, end(), end()]), Ok(()));
        assert_eq!(verdict(vec![Incoming::Shutdown]), Err("LIFE-8"));
        assert_eq!(verdict(vec![draining(), draining()]), Err("LIFE-8"));
        assert_eq!(verdict(vec![draining(), Incoming::Shutdown, Incoming::Shutdown]), Err("LIFE-9"));
        assert_eq!(verdict(vec![end()]), Err("LIFE-9"));
        assert_eq!(verdict(vec![draining(), Incoming::Shutdown, Incoming::End(End::Timeout)]), Err("LIFE-10"));
        assert_eq!(verdict(vec![draining(), Incoming::Shutdown, end(), draining()]), Err("END-3"));
        assert_eq!(verdict(vec![Incoming::Trailers(Headers::new())]), Err("EVENT-1"));
    }
}
