//! One record as one JSON object.

use super::escape::json;
use super::{Record, WebSocketRecord, WebSocketTotals, put, timestamp};
use std::path::Path;
use transom::Address;

/// Appends the object, without a newline. What is not known is `null`.
pub(super) fn write(record: &Record<'_>, line: &mut Vec<u8>) {
    let head = record.head;
    let readable = !head.target.is_empty();
    line.extend_from_slice(b"{\"time\":\"");
    timestamp::rfc3339(record.started, line);
    line.push(b'"');
    match &head.connection.client {
        Address::Ip(address) => put(line, format_args!(",\"client\":\"{}\"", address.ip().to_canonical())),
        Address::Unix(path) => {
            line.extend_from_slice(b",\"client\":\"unix:");
            // A peer may bind its end to any path.
            json(path.as_deref().unwrap_or(Path::new("")).as_os_str().as_encoded_bytes(), line);
            line.push(b'"');
        }
        _ => member("client", None, line),
    }
    member("method", readable.then_some(head.method.as_str().as_bytes()), line);
    member("target", readable.then_some(&head.target), line);
    member("version", readable.then_some(head.version.as_str().as_bytes()), line);
    match record.status {
        0 => line.extend_from_slice(b",\"status\":null"),
        status => put(line, format_args!(",\"status\":{status}")),
    }
    let micros = record.duration.as_micros();
    put(line, format_args!(",\"bytes\":{},\"duration_ms\":{}.{:03}", record.bytes, micros / 1000, micros % 1000));
    member("referer", head.headers.get("referer"), line);
    member("user_agent", head.headers.get("user-agent"), line);
    member("host", head.headers.get("host"), line);
    member("outcome", Some(record.outcome.as_str().as_bytes()), line);
    if let Some(event) = &record.websocket {
        member("websocket", Some(event.as_str().as_bytes()), line);
    }
    if let Some(WebSocketRecord::Closed(totals)) = record.websocket {
        let WebSocketTotals { code, messages_received, messages_sent, bytes_received, bytes_sent } = totals;
        put(line, format_args!(",\"code\":{code}"));
        put(line, format_args!(",\"messages_received\":{messages_received},\"messages_sent\":{messages_sent}"));
        put(line, format_args!(",\"bytes_received\":{bytes_received},\"bytes_sent\":{bytes_sent}"));
    }
    line.push(b'}');
}

fn member(name: &str, value: Option<&[u8]>, line: &mut Vec<u8>) {
    put(line, format_args!(",\"{name}\":"));
    match value {
        Some(value) => {
            line.push(b'"');
            json(value, line);
            line.push(b'"');
        }
        None => line.extend_from_slice(b"null"),
    }
}
