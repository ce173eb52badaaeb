//! The server of this repository keeps the contract.

mod start;

use transom_conformance::{Outcome, server};

#[test]
fn transom_server() {
    let report = server(start::start).message_limit(start::MESSAGE_LIMIT).run();
    println!("{report}");
    report.assert_ok();
    // It has everything that there is to have.
    let skipped = report.checks().filter(|(_, outcome)| matches!(outcome, Outcome::Skipped(_)));
    let skipped: Vec<_> = skipped.map(|(check, _)| check.name()).collect();
    assert_eq!(
        skipped,
        ["what_is_required_is_there", "root_paths", "bodies_above_the_limit", "handshakes_without_websockets"]
    );
}

#[test]
fn transom_server_otherwise() {
    let report = server(|app| {
        let mut config = start::config();
        config.limits.body = Some(4096);
        config.half_close = true;
        config.root_path = "/api".into();
        config.websocket.enabled = false;
        start::start_with(app, config)
    });
    let about = [
        "what_is_required_is_there",
        "root_paths",
        "truncated_bodies",
        "bodies_above_the_limit",
        "peers_that_close_their_side",
        "handshakes_without_websockets",
    ];
    let report = report.body_limit(4096).root_path("/api").half_close().only(about).run();
    println!("{report}");
    report.assert_ok();
    assert!(report.checks().all(|(_, outcome)| *outcome == Outcome::Ok));
}
