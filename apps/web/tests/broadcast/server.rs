use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A Redis server of this test's own. It ends with it.
pub(crate) struct Server {
    directory: TempDir,
    port: Option<u16>,
    process: Option<Child>,
}

impl Server {
    /// One that listens on a Unix socket.
    pub(crate) fn start() -> Self {
        let mut server = Self::new(None);
        server.restart();
        server
    }

    /// One that listens on a port.
    pub(crate) fn start_tcp() -> Self {
        loop {
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut server = Self::new(Some(free));
            // Somebody else may take it in between.
            if server.try_start() {
                return server;
            }
        }
    }

    fn new(port: Option<u16>) -> Self {
        Self { directory: TempDir::new().unwrap(), port, process: None }
    }

    /// Stops it, if it runs, and starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.stop();
        assert!(self.try_start(), "redis-server starts");
    }

    fn try_start(&mut self) -> bool {
        let mut process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &self.port.unwrap_or(0).to_string()])
            .args(["--unixsocket", "redis.sock", "--save", "", "--appendonly", "no"])
            .current_dir(&self.directory)
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server is installed: tests/install does that");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        self.process = Some(process);
        let mut lines = output.lines().map_while(Result::ok);
        let is_ready = lines.any(|line| line.to_lowercase().contains("ready to accept connections"));
        // So that it is never kept from writing.
        std::thread::spawn(move || lines.for_each(drop));
        is_ready
    }

    /// Ends it, and with it all connections.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Keeps it from doing anything, or lets it go on: connections stay, and nothing comes.
    pub(crate) fn freeze(&self, frozen: bool) {
        let process = self.process.as_ref().expect("it runs").id().to_string();
        let signal = if frozen { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    pub(crate) fn url(&self) -> String {
        match self.port {
            Some(port) => format!("redis://127.0.0.1:{port}/"),
            None => format!("redis+unix://{}", self.directory.path().join("redis.sock").display()),
        }
    }

    /// Asks it something.
    pub(crate) async fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let (command, arguments) = words.split_first().unwrap();
        redis::cmd(command).arg(arguments).query_async(&mut connection).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
