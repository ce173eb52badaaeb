//! The cookie: what is in it, and what is said of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, CookieJar, Key, SameSite};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::{Duration, SystemTime};
use transom::Headers;

/// The values by their names.
pub(super) type Values = serde_json::Map<String, serde_json::Value>;

/// Browsers refuse a cookie whose name and value are longer together (RFC 6265bis section 5.6).
const LONGEST: usize = 4096;

/// The signature in front of the value: a SHA-256 in base 64.
const SIGNATURE: usize = 44;

#[derive(Clone)]
pub(super) struct Codec {
    name: String,
    secrets: Vec<Vec<u8>>,
    /// Of the secrets, in the same order. With the first is signed.
    keys: Vec<Key>,
    pub(super) max_age: Duration,
    pub(super) is_persistent: bool,
    pub(super) is_rolling: bool,
    pub(super) is_secure: bool,
    pub(super) is_partitioned: bool,
    pub(super) same_site: SameSite,
    pub(super) path: String,
    pub(super) domain: Option<String>,
    /// Seconds since 1970.
    pub(super) clock: fn() -> u64,
}

/// What is signed.
#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    /// When it was made.
    at: u64,
    data: Cow<'a, Values>,
}

impl Codec {
    pub(super) fn new(secret: &[u8]) -> Self {
        let mut codec = Self {
            name: "session".into(),
            secrets: Vec::new(),
            keys: Vec::new(),
            max_age: Duration::from_secs(14 * 24 * 60 * 60),
            is_persistent: true,
            is_rolling: false,
            is_secure: false,
            is_partitioned: false,
            same_site: SameSite::Lax,
            path: "/".into(),
            domain: None,
            clock: || SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()),
        };
        codec.add_secret(secret);
        codec
    }

    pub(super) fn add_secret(&mut self, secret: &[u8]) {
        assert!(secret.len() >= 32, "a secret of {} bytes is too short: 32 are needed", secret.len());
        self.secrets.push(secret.into());
        self.keys.push(self.key(secret));
    }

    pub(super) fn rename(&mut self, name: &str) {
        self.name = name.into();
        self.keys = self.secrets.iter().map(|secret| self.key(secret)).collect();
    }

    /// What is signed for one name is not good for another.
    fn key(&self, secret: &[u8]) -> Key {
        Key::derive_from(&[secret, b"\0session cookie\0", self.name.as_bytes()].concat())
    }

    /// The values of the cookies of this name: there are several where their paths or domains differ.
    pub(super) fn find(&self, headers: &Headers) -> Vec<String> {
        let pairs = headers.get_all("cookie").flat_map(|field| field.split(|&byte| byte == b';'));
        let pairs = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim_ascii().split_once('='));
        pairs.filter(|pair| pair.0 == self.name).map(|pair| pair.1.to_owned()).collect()
    }

    /// What is in a cookie; `None` if it was not made here, or is too old.
    pub(super) fn decode(&self, value: &str) -> Option<Values> {
        let jar = CookieJar::new();
        let cookie = || Cookie::new(self.name.clone(), value.to_owned());
        let cookie = self.keys.iter().find_map(|key| jar.signed(key).verify(cookie()))?;
        let json = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let payload: Payload<'_> = serde_json::from_slice(&json).ok()?;
        let age = (self.clock)().saturating_sub(payload.at);
        (age < self.max_age.as_secs()).then(|| payload.data.into_owned())
    }

    /// How long the cookie gets, if that is too long.
    pub(super) fn excess(&self, values: &Values) -> Option<usize> {
        let length = self.name.len() + SIGNATURE + self.payload(values).len();
        (length > LONGEST).then_some(length)
    }

    fn payload(&self, values: &Values) -> String {
        let payload = Payload { at: (self.clock)(), data: Cow::Borrowed(values) };
        // Its keys are strings, and JSON values are JSON.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&payload).expect("a map of JSON values is JSON"))
    }

    /// `set-cookie` for these values.
    pub(super) fn encode(&self, values: &Values) -> String {
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.keys[0]).add(Cookie::new(self.name.clone(), self.payload(values)));
        let signed = jar.get(&self.name).map_or("", Cookie::value);
        let mut cookie = self.cookie(signed.to_owned());
        if self.is_persistent {
            // Longer than the type can tell is as long as it can.
            let max_age = cookie::time::Duration::try_from(self.max_age).unwrap_or(cookie::time::Duration::MAX);
            cookie.set_max_age(max_age);
        }
        cookie.to_string()
    }

    /// `set-cookie` that removes it.
    pub(super) fn removal(&self) -> String {
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        cookie.to_string()
    }

    fn cookie(&self, value: String) -> Cookie<'_> {
        let has_prefix = self.name.starts_with("__Host-") || self.name.starts_with("__Secure-");
        let is_secure = self.is_secure || has_prefix || self.is_partitioned || self.same_site == SameSite::None;
        let mut cookie = Cookie::new(&*self.name, value);
        cookie.set_http_only(true);
        cookie.set_path(&*self.path);
        cookie.set_same_site(self.same_site);
        if is_secure {
            cookie.set_secure(true);
        }
        if self.is_partitioned {
            cookie.set_partitioned(true);
        }
        if let Some(domain) = &self.domain {
            cookie.set_domain(&**domain);
        }
        cookie
    }
}
