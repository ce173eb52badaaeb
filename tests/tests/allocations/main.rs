//! How often memory is asked for while requests and messages are served, over real sockets, and how much of it is held. The
//! whole process is counted, so the clients of these tests ask for none either while something is measured, and everything
//! is measured in one test, one after the other.

mod http;
mod websocket;

use transom_tests::allocator::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WARM_UP: usize = 200;
const MEASURED: usize = 1000;

#[test]
fn everything() {
    http::per_request();
    websocket::per_message();
    websocket::per_ping();
    websocket::held_while_idle();
    websocket::held_for_clients_that_never_read();
    websocket::held_for_pings();
}
