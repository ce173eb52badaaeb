use super::{app, assert_text};
use serde_json::{Value, json};
use std::sync::Arc;
use transom::memory;
use transom::{App, State};

async fn state(app: &Arc<impl App>, startup: &State) -> Value {
    let outcome = memory::http("GET", "/state").state(startup.clone()).start(Arc::clone(app)).await;
    serde_json::from_slice(outcome.body()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn startups_travel_through_the_servers_state() {
    let app = Arc::new(app());
    assert_eq!(state(&app, &State::new()).await["startup"], 0);
    for startup in 1..=2 {
        let outcome = memory::lifespan().start(Arc::clone(&app)).await;
        assert!(outcome.result.is_ok());
        assert_eq!(state(&app, outcome.state().unwrap()).await["startup"], startup);
    }
}

#[tokio::test(start_paused = true)]
async fn counts() {
    let app = Arc::new(app());
    let none = State::new();
    let fresh = json!({"disconnects": 0, "requests": 1, "startup": 0, "ws_closed": [], "browser": ""});
    assert_eq!(state(&app, &none).await, fresh);

    let wait = memory::http("GET", "/wait").hang_up_at(2).start(Arc::clone(&app)).await;
    assert!(wait.events.is_empty() && wait.result.is_ok());
    let cut = memory::http("POST", "/wait").chunks(["ab"]).truncate().start(Arc::clone(&app)).await;
    assert!(cut.events.is_empty() && cut.result.is_ok());

    let result = memory::http("POST", "/browser-result").body("ok 1").start(Arc::clone(&app)).await;
    assert_text(&result, 200, "OK");
    memory::http("GET", "/browser-result").start(Arc::clone(&app)).await;

    for code in [1000, 1001] {
        memory::websocket("/ws/echo").close(code, "").start(Arc::clone(&app)).await;
    }
    let counted = json!({"disconnects": 2, "requests": 6, "startup": 0, "ws_closed": [1000, 1001], "browser": "ok 1"});
    assert_eq!(state(&app, &none).await, counted);
}
