use crate::{BYTES, TEXT, respond};
use bytes::Bytes;
use transom::{Error, Outgoing, Sender};

/// Sends as many body events of as many bytes as the query asks for, the same bytes each time.
pub(crate) async fn serve(query: Option<&[u8]>, mut send: Sender) -> Result<(), Error> {
    let Some(Plan { count, size }) = Plan::of(query.unwrap_or_default()) else {
        send.send(respond(400, TEXT, "n is a number, size is a number from 1 to 67108864".into())).await?;
        return Ok(());
    };
    let chunk = if count == 0 { Bytes::new() } else { chunk(size) };
    send.send(Outgoing::Start { status: 200, headers: BYTES }).await?;
    let mut left = count;
    loop {
        left = left.saturating_sub(1);
        send.send(Outgoing::Body { data: chunk.clone(), more: left > 0 }).await?;
        if left == 0 {
            return Ok(());
        }
    }
}

/// What a query asks for.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    count: u32,
    size: usize,
}

impl Plan {
    /// `None` if it cannot be done. Events without bytes are not allowed: no amount of them would ever make a
    /// server wait for its peer.
    fn of(query: &[u8]) -> Option<Self> {
        let mut plan = Self { count: 1, size: 1024 };
        for pair in query.split(|&byte| byte == b'&') {
            if let Some(count) = pair.strip_prefix(b"n=") {
                plan.count = number(count)?;
            } else if let Some(size) = pair.strip_prefix(b"size=") {
                plan.size = number(size)? as usize;
            }
        }
        (1..=MAX_SIZE).contains(&plan.size).then_some(plan)
    }
}

const MAX_SIZE: usize = 64 << 20;

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `size` bytes; usual sizes allocate nothing.
fn chunk(size: usize) -> Bytes {
    static READY: [u8; 64 << 10] = [b'x'; 64 << 10];
    match READY.get(..size) {
        Some(bytes) => Bytes::from_static(bytes),
        None => vec![b'x'; size].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans() {
        assert_eq!(Plan::of(b""), Some(Plan { count: 1, size: 1024 }));
        assert_eq!(Plan::of(b"n=8&size=16"), Some(Plan { count: 8, size: 16 }));
        assert_eq!(Plan::of(b"x=1&n=0"), Some(Plan { count: 0, size: 1024 }));
        for bad in ["n=", "n=-1", "n=x", "n=4294967296", "size=0", "size=67108865", "size=%31"] {
            assert_eq!(Plan::of(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn chunks() {
        assert_eq!(chunk(3), "xxx");
        assert_eq!(chunk(65537).len(), 65537);
    }
}
