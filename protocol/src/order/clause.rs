use crate::SendError;

/// A clause of `SPEC.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its id, such as `HTTP-SEND-3`.
    pub id: &'static str,
    /// What it says, word for word.
    pub sentence: &'static str,
}

/// A rule that an event breaks, and what the application is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub clause: &'static Clause,
    /// What the application is told.
    pub error: SendError,
}

/// What is done about a rule that an event breaks: `Err` looks no further.
pub(super) trait Refuse {
    fn refuse(&mut self, clause: &'static Clause, error: SendError) -> Result<(), SendError>;
}

/// The first rule is enough.
pub(super) struct First;

impl Refuse for First {
    #[inline(always)]
    fn refuse(&mut self, _: &'static Clause, error: SendError) -> Result<(), SendError> {
        Err(error)
    }
}

/// Every rule is of interest.
impl Refuse for Vec<Refusal> {
    fn refuse(&mut self, clause: &'static Clause, error: SendError) -> Result<(), SendError> {
        self.push(Refusal { clause, error });
        Ok(())
    }
}

/// An event needs a capability that is not there, wherever that is.
pub(crate) const CAP_3: Clause = Clause {
    id: "CAP-3",
    sentence: "An event that needs a capability which is not there MUST be refused with `Unsupported` of it.",
};

/// An event of an extension, whatever the protocol.
pub(crate) const STATE_4: Clause = Clause {
    id: "STATE-4",
    sentence: "Events of an extension MUST NOT be delivered or accepted unless a value in `Extensions` announced it.",
};

/// An event that the exchange does not know, whatever the protocol.
pub(crate) const EVENT_1: Clause = Clause {
    id: "EVENT-1",
    sentence: "The server MUST NOT deliver an event to an exchange for which this table has no entry.",
};

/// Something else comes after the end, whatever the protocol.
pub(crate) const END_3: Clause =
    Clause { id: "END-3", sentence: "`End` MUST be sticky: every later `recv` of the call gives the same reason." };
