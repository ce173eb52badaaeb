//! Answers that take their time.

use crate::call::{Call, TEXT};
use crate::failure::announcing;
use bytes::Bytes;
use std::time::Duration;
use tokio::time::sleep;
use transom::{Error, Headers};

/// More messages than these, or longer ones, are refused: empty messages would keep a thread busy without ever
/// having to wait for the client, and each message is held as a whole.
const MAX_MESSAGES: u64 = 1_000_000;
const MAX_MESSAGE: u64 = 64 << 20;

/// Messages of one letter each, and an empty one at the end.
pub(crate) async fn messages(call: &mut Call<'_>) -> Result<(), Error> {
    let query = call.query();
    let count = query.number("n", 3, MAX_MESSAGES)?;
    let size = query.number("size", 5, MAX_MESSAGE)? as usize;
    let delay = query.seconds("delay", 0.0)?;
    let empty = query.flag("empty");
    call.start(TEXT).await?;
    // To HEAD nothing is sent, so nothing would slow the loop down.
    let letters = if call.is_head() { 0 } else { count };
    for letter in (b'a'..=b'z').cycle().take(letters as usize) {
        if empty {
            call.part("").await?;
        }
        call.part(vec![letter; size]).await?;
        if !delay.is_zero() {
            sleep(delay).await;
        }
    }
    call.finish("").await
}

/// The beginning of `0123456789abcdef` repeated for ever.
pub(crate) async fn bytes(call: &mut Call<'_>) -> Result<(), Error> {
    let mut left = call.query().number("n", 1000, i64::MAX as u64)?;
    if left <= BLOCK.len() as u64 {
        return call.answer(&BLOCK[..left as usize]).await;
    }
    call.start(announcing(&left.to_string())).await?;
    if call.is_head() {
        return call.finish("").await;
    }
    while left > BLOCK.len() as u64 {
        call.part(&BLOCK[..]).await?;
        left -= BLOCK.len() as u64;
    }
    call.finish(&BLOCK[..left as usize]).await
}

/// An answer after a while.
pub(crate) async fn slow(call: &mut Call<'_>) -> Result<(), Error> {
    sleep(call.query().seconds("t", 0.3)?).await;
    call.answer("slow").await
}

/// Server-sent events, 50 ms apart.
pub(crate) async fn events(call: &mut Call<'_>) -> Result<(), Error> {
    let count = call.query().number("n", 3, MAX_MESSAGES)?;
    call.start(Headers::from_static(&[("content-type", "text/event-stream")])).await?;
    for event in 0..count {
        if event > 0 {
            sleep(Duration::from_millis(50)).await;
        }
        call.part(format!("data: {event}\n\n")).await?;
    }
    call.finish(Bytes::new()).await
}

/// A whole number of repetitions, so that one block goes on where another ends.
static BLOCK: [u8; 64 << 10] = {
    let mut block = [0; 64 << 10];
    let mut index = 0;
    while index < block.len() {
        block[index] = b"0123456789abcdef"[index % 16];
        index += 1;
    }
    block
};
