use crate::{Capabilities, Outgoing, SendError, Violation};

/// The sending half of the lifespan exchange: `Ready`, once.
#[derive(Clone, Debug, Default)]
pub struct LifespanSend {
    ready: bool,
}

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
        match event {
            Outgoing::Ready(_) if !self.ready => {
                self.ready = true;
                Ok(())
            }
            Outgoing::Ready(_) => Err(Violation::OutOfOrder.into()),
            Outgoing::Extension(_) => Err(SendError::Unsupported(Capabilities::NONE)),
            _ => Err(Violation::WrongProtocol.into()),
        }
    }

    /// Startup is done.
    pub fn is_ready(&self) -> bool {
        self.ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Headers, State};

    #[test]
    fn ready_once_and_nothing_else() {
        let mut send = LifespanSend::new();
        let response = Outgoing::Response { status: 200, headers: Headers::new(), body: "".into() };
        assert_eq!(send.accept(&response), Err(Violation::WrongProtocol.into()));
        assert!(!send.is_ready());
        send.accept(&Outgoing::Ready(State::new())).unwrap();
        assert_eq!(send.accept(&Outgoing::Ready(State::new())), Err(Violation::OutOfOrder.into()));
    }
}
