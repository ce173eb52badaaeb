//! The wire, row by row: the bytes of a client, what the application saw of them and did, the bytes of the server, and what
//! became of the connection. Every row runs twice: as it is written, and with each byte of the client in a write of its own.

mod chunks;
mod errors;
mod expect;
mod fields;
mod files;
mod framing;
mod head_limits;
mod host;
mod informational;
mod options;
mod persistence;
mod pipelining;
mod request_line;
mod responses;
mod row;
mod script;
mod target;
mod trailers;
mod tunnels;
mod unread;
