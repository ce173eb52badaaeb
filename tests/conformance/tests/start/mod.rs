//! The server of this repository, on a thread of its own.

use std::thread;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use transom::{Address, BoxApp};
use transom_conformance::{BoxError, Running};
use transom_server::{Application, Config, ListenOptions, Listener, Server};

pub(crate) const MESSAGE_LIMIT: usize = 4096;

pub(crate) fn start(app: BoxApp) -> Result<Running, BoxError> {
    start_with(app, config())
}

pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.workers = 1;
    config.websocket.max_message = Some(MESSAGE_LIMIT);
    config
}

pub(crate) fn start_with(app: BoxApp, config: Config) -> Result<Running, BoxError> {
    let listeners = Listener::bind(&"127.0.0.1:0".parse()?, &ListenOptions::default())?;
    let Address::Ip(address) = *listeners[0].address() else { return Err("no IP address".into()) };
    let (stop, stopped) = oneshot::channel::<()>();
    let server = Server::new(Application::new(app), config);
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(server.serve(listeners, async { drop(stopped.await) }))?;
        Ok(())
    });
    Ok(Running::new(address, move || {
        drop(stop);
        thread.join().unwrap_or_else(|_| Err("it panicked".into()))
    }))
}
