//! Redis servers for the tests. Each keeps everything in memory and ends with its test, or with the test's process.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Runs a server until its own input ends, which is when the process that started it does, however it ends. It is asked to
/// end then; a line with a signal in it comes first where the server has to be killed.
const KEEPER: &str = "
    trap '' INT
    \"$@\" & server=$!
    exec >/dev/null
    read -r signal
    kill -${signal:-TERM} $server
    wait $server
";

/// Attempts to find a port that nobody else takes meanwhile.
const ATTEMPTS: usize = 5;

#[derive(Debug)]
pub(crate) struct RedisServer {
    keeper: Option<Child>,
    arguments: Vec<String>,
    tls: bool,
    pub(crate) port: u16,
    folder: TempDir,
}

/// Whether tests that need a server are left out, as `.ci/setup redis` could not set one up on this machine.
pub(crate) fn left_out() -> bool {
    std::env::var_os("BEPRODUCT_WITHOUT_REDIS").is_some_and(|set| !set.is_empty())
}

/// One for all tests that do without its end and its settings.
pub(crate) fn shared() -> &'static RedisServer {
    static SHARED: OnceLock<RedisServer> = OnceLock::new();
    SHARED.get_or_init(|| RedisServer::start(&[]))
}

impl RedisServer {
    /// A server on a free port, which answers.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let tls = arguments.iter().any(|argument| argument.starts_with("--tls"));
        for _ in 0..ATTEMPTS {
            let mut server = Self {
                keeper: None,
                arguments: arguments.clone(),
                tls,
                port: free_port(),
                folder: tempfile::tempdir().unwrap(),
            };
            if server.begin() {
                return server;
            }
        }
        panic!("redis-server does not start with {arguments:?}");
    }

    /// Whether it could take the port.
    fn begin(&mut self) -> bool {
        let found = std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|folder| folder.join("redis-server").exists())
        });
        assert!(found, "redis-server is missing: .ci/setup redis");
        let port = self.port.to_string();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper", "redis-server", "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "no", "--daemonize", "no", "--dir"]).arg(self.folder.path());
        match self.tls {
            true => command.args(["--port", "0", "--tls-port", &port]),
            false => command.args(["--port", &port]),
        };
        let mut keeper = command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(keeper.stdout.take().unwrap());
        // It ends with the server's own.
        let ready =
            output.lines().map_while(Result::ok).any(|line| line.contains("Ready to accept connections"));
        self.keeper = Some(keeper);
        if !ready {
            self.stop();
        }
        ready
    }

    /// `host:port`.
    pub(crate) fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.place())
    }

    /// Runs a command as the server's administrator.
    pub(crate) fn command<T: ::redis::FromRedisValue>(&self, words: &str) -> T {
        let mut connection = ::redis::Client::open(self.url()).unwrap().get_connection().unwrap();
        let mut words = words.split_whitespace();
        ::redis::cmd(words.next().unwrap()).arg(words.collect::<Vec<_>>()).query(&mut connection).unwrap()
    }

    fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().unwrap();
        }
    }

    /// Ends it as if the machine had failed. What it held is gone.
    pub(crate) fn kill(&mut self) {
        use std::io::Write as _;
        if let Some(mut keeper) = self.keeper.take() {
            keeper.stdin.take().unwrap().write_all(b"KILL\n").unwrap();
            keeper.wait().unwrap();
        }
    }

    /// Starts it again on the same port.
    pub(crate) fn restart(&mut self) {
        self.stop();
        assert!(self.begin(), "port {} is taken", self.port);
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port of this machine at which nobody listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
