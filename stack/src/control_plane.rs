use std::{
    ffi::OsStr,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::process::Process;

const START_LIMIT: Duration = Duration::from_secs(30);

/// What to start the control plane with.
#[derive(Clone, Debug)]
pub struct ControlPlaneOptions {
    pub binary: PathBuf,
    pub data_dir: PathBuf,
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    pub log: PathBuf,
}

impl ControlPlaneOptions {
    fn is_fresh(&self) -> bool {
        !fs_err::read_dir(&self.data_dir).is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Makes an API key.
    pub fn create_key(&self, role: &str, name: &str) -> anyhow::Result<String> {
        self.secret(["keys", "create", "--role", role, "--name", name])
    }

    /// Makes a join token for one sensor.
    pub fn create_join_token(&self) -> anyhow::Result<String> {
        self.secret(["join-token", "create", "--uses", "1", "--ttl", "1h"])
    }

    fn secret<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> anyhow::Result<String> {
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--data-dir").arg(&self.data_dir).stdin(Stdio::null());
        let shown = describe(&command);
        let output = command.output().with_context(|| format!("cannot start {shown}"))?;
        if !output.status.success() {
            bail!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
        }
        let secret =
            String::from_utf8(output.stdout).with_context(|| format!("{shown}: not text"))?.trim().to_owned();
        if secret.is_empty() || secret.contains(char::is_whitespace) {
            bail!("{shown}: standard output is not one word");
        }
        Ok(secret)
    }
}

/// A running control plane that answers.
#[derive(Debug)]
pub struct ControlPlane {
    pub process: Process,
    pub options: ControlPlaneOptions,
    /// The admin key that was made because the data folder was new.
    pub first_key: Option<String>,
}

impl ControlPlane {
    /// Starts it and waits until `/healthz` answers 200.
    pub fn start(options: ControlPlaneOptions) -> anyhow::Result<Self> {
        if let Ok(_taken) = TcpStream::connect_timeout(&options.http, Duration::from_secs(1)) {
            bail!(
                "{} is taken by another program; end that one, or choose another address with --http",
                options.http
            );
        }
        // A server without any key makes one and prints it, and its output is a log. So it gets one before.
        let first_key = if options.is_fresh() { Some(options.create_key("admin", "first")?) } else { None };
        let mut command = Command::new(&options.binary);
        command.arg("--data-dir").arg(&options.data_dir);
        command.arg("--http").arg(options.http.to_string()).arg("--grpc").arg(options.grpc.to_string());
        let mut process = Process::start("control-plane", command, &options.log)?;
        process.wait_until("it answers /healthz", START_LIMIT, |_| Ok(healthy(options.http)))?;
        Ok(Self { process, options, first_key })
    }

    /// How to get in, in words: the key itself only when it was made by this start.
    pub fn log_in(&self) -> String {
        match &self.first_key {
            Some(key) => format!("API key (shown once): {key}"),
            None => format!(
                "Log in with your API key. A new one: sudo {} keys create --data-dir {} --role admin",
                self.options.binary.display(),
                self.options.data_dir.display()
            ),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.options.http)
    }

    /// Writes a new join token to `file`, readable by its owner only.
    pub fn write_join_token(&self, file: &Path) -> anyhow::Result<()> {
        use fs_err::os::unix::fs::OpenOptionsExt as _;
        let token = self.options.create_join_token()?;
        let mut out =
            fs_err::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
        out.write_all(token.as_bytes())?;
        Ok(())
    }
}

/// HTTP by hand: this crate is compiled before anything else runs, and a client library is a minute of that.
fn healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(500))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
