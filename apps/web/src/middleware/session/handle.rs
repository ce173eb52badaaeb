use super::codec::{Codec, Values};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use transom::{Headers, HttpScope};

/// The session of one client, as [`Sessions`](super::Sessions) found it in the cookie. Cloning gives another handle of
/// the same.
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    codec: Arc<Codec>,
    state: Mutex<State>,
}

struct State {
    /// The values of the cookies, until one is read.
    cookies: Vec<String>,
    /// There was a cookie, good or not.
    has_cookie: bool,
    values: Option<Values>,
    is_changed: bool,
    is_sent: bool,
}

/// Why the session does not do as it is asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The value cannot be written as JSON, or is not of the type that it is asked for as.
    Value(serde_json::Error),
    /// The cookie would get this long, in bytes, which is above 4096; the session is as before.
    TooLarge(usize),
    /// The head of the response was sent already, and the session with it.
    Sent,
}

impl Session {
    /// The session of a request; `None` where there is no [`Sessions`](super::Sessions) around the application.
    pub fn of(http: &HttpScope) -> Option<Self> {
        http.extensions().get::<Self>().cloned()
    }

    pub(super) fn new(codec: Arc<Codec>, headers: &Headers) -> Self {
        let cookies = codec.find(headers);
        let has_cookie = !cookies.is_empty();
        let state = State { cookies, has_cookie, values: None, is_changed: false, is_sent: false };
        Self(Arc::new(Shared { codec, state: Mutex::new(state) }))
    }

    /// The value called `name`; `None` if there is none.
    ///
    /// # Errors
    /// [`SessionError::Value`] if it is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, SessionError> {
        let value = self.lock().values(&self.0.codec).get(name).cloned();
        value.map(serde_json::from_value).transpose().map_err(SessionError::Value)
    }

    /// Calls `value` so, in place of one that has the name.
    ///
    /// # Errors
    /// [`SessionError`], any of them; the session is as before then.
    pub fn insert(&self, name: &str, value: impl Serialize) -> Result<(), SessionError> {
        let value = serde_json::to_value(value).map_err(SessionError::Value)?;
        self.change(|values| {
            values.insert(name.into(), value);
        })
    }

    /// Removes the value called `name`.
    ///
    /// # Errors
    /// [`SessionError::Sent`].
    pub fn remove(&self, name: &str) -> Result<(), SessionError> {
        self.change(|values| {
            values.remove(name);
        })
    }

    /// Removes all values. A session that has none is removed from the client.
    ///
    /// # Errors
    /// [`SessionError::Sent`].
    pub fn clear(&self) -> Result<(), SessionError> {
        self.change(Values::clear)
    }

    /// The names of the values.
    pub fn names(&self) -> Vec<String> {
        self.lock().values(&self.0.codec).keys().cloned().collect()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.lock().values(&self.0.codec).is_empty()
    }

    fn change(&self, change: impl FnOnce(&mut Values)) -> Result<(), SessionError> {
        let mut state = self.lock();
        if state.is_sent {
            return Err(SessionError::Sent);
        }
        let values = state.values(&self.0.codec);
        let mut changed = values.clone();
        change(&mut changed);
        if changed == *values {
            return Ok(());
        }
        // What only gets shorter is not refused.
        if let Some(length) = self.0.codec.excess(&changed).filter(|_| changed.len() >= values.len()) {
            return Err(SessionError::TooLarge(length));
        }
        *values = changed;
        state.is_changed = true;
        Ok(())
    }

    /// Gives `send` what is to be said of the session in the head of the response; when it has sent that, nothing can
    /// be changed any more.
    pub(super) fn send<E>(&self, send: impl FnOnce(Turn) -> Result<(), E>) -> Result<(), E> {
        // Held meanwhile, so that no change comes between.
        let mut state = self.lock();
        let turn = state.turn(&self.0.codec);
        send(turn)?;
        state.is_sent = true;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is left half-changed where something panics.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the response says.
pub(super) struct Turn {
    /// The value of `set-cookie`.
    pub(super) cookie: Option<String>,
    /// It depends on the cookie.
    pub(super) is_read: bool,
}

impl State {
    fn values(&mut self, codec: &Codec) -> &mut Values {
        let cookies = &mut self.cookies;
        self.values.get_or_insert_with(|| {
            let values = cookies.iter().find_map(|cookie| codec.decode(cookie));
            cookies.clear();
            values.unwrap_or_default()
        })
    }

    fn turn(&mut self, codec: &Codec) -> Turn {
        if self.is_sent {
            return Turn { cookie: None, is_read: false };
        }
        if codec.is_rolling {
            self.values(codec);
        }
        let cookie = match &self.values {
            Some(values) if values.is_empty() => (self.is_changed && self.has_cookie).then(|| codec.removal()),
            Some(values) => (self.is_changed || codec.is_rolling).then(|| codec.encode(values)),
            None => None,
        };
        Turn { cookie, is_read: self.values.is_some() }
    }
}

/// Without the values, which are somebody's.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("the session has no such value"),
            Self::TooLarge(length) => write!(f, "a session cookie of {length} bytes is longer than 4096"),
            Self::Sent => f.write_str("the session was sent with the head of the response already"),
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Value(error) => Some(error),
            _ => None,
        }
    }
}
