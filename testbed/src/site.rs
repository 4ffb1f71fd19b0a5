//! What the sensor guards: the network, the API and nginx before it.

mod curl;

use std::{
    net::IpAddr,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use portcullis_stack::Process;
use tempfile::TempDir;

use crate::{Network, api::NOBODY, nginx::Nginx};

pub use curl::{Answer, Curl};

/// Where the API listens, inside the server's namespace.
const API: &str = "127.0.0.1:8000";
const START_LIMIT: Duration = Duration::from_secs(15);

/// A shop that is open. Dropping it closes it and removes the network.
pub struct Site {
    // Dropped in this order.
    nginx: Nginx,
    api: Process,
    pub network: Network,
    _invoices: TempDir,
}

impl Site {
    /// `demo` is the path of `portcullis-demo`, which also is the API; what runs writes to `folder`.
    pub fn open(demo: &Path, folder: PathBuf) -> anyhow::Result<Self> {
        let network = Network::create()?;
        fs_err::create_dir_all(&folder)?;
        let invoices = invoices()?;
        let api = start_api(&network, demo, &folder, invoices.path())?;
        let nginx = Nginx::start(&network.server, API.parse()?, &folder)?;
        Ok(Self { nginx, api, network, _invoices: invoices })
    }

    /// curl, to be run by a client that calls from `actor`.
    pub fn curl(&self, actor: IpAddr) -> Curl {
        Curl::new(&self.network.clients, actor)
    }

    /// All that runs, for a watcher.
    pub(crate) fn processes(&mut self) -> [&mut Process; 2] {
        [&mut self.nginx.process, &mut self.api]
    }
}

/// The API is nobody: below a folder of root's or of a user's it could not read, and then not climb out either.
fn invoices() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("portcullis-invoices-")
        .tempdir_in("/run")
        .context("a folder in /run")?;
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).context("giving a folder to nobody")?;
    Ok(folder)
}

fn start_api(network: &Network, demo: &Path, folder: &Path, invoices: &Path) -> anyhow::Result<Process> {
    let mut command = network.server.command(demo);
    command.args(["api", "--listen", API, "--folder"]).arg(invoices);
    let mut api = Process::start("api", command, &folder.join("api.log"))?;
    // From inside: it refuses to be reachable from here.
    api.wait_until("it answers", START_LIMIT, |_| {
        let url = format!("http://{API}/api/health");
        let asked =
            network.server.command("curl").args(["--silent", "--fail", "--max-time", "1", &url]).output()?;
        Ok(asked.status.success())
    })?;
    Ok(api)
}
