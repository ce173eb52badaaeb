//! The WebSocket of a handler.
