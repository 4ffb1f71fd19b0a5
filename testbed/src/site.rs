//! What the sensor guards: the network, the API and nginx before it.

mod curl;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use portcullis_stack::Process;

use crate::{Network, nginx::Nginx};

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
}

impl Site {
    /// `demo` is the path of `portcullis-demo`, which also is the API; what runs writes to `folder`.
    pub fn open(demo: &Path, folder: PathBuf) -> anyhow::Result<Self> {
        let network = Network::create()?;
        fs_err::create_dir_all(&folder)?;
        let api = start_api(&network, demo, &folder)?;
        let nginx = Nginx::start(&network.server, API.parse()?, &folder)?;
        Ok(Self { nginx, api, network })
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

fn start_api(network: &Network, demo: &Path, folder: &Path) -> anyhow::Result<Process> {
    let mut command = network.server.command(demo);
    command.args(["api", "--listen", API, "--folder"]).arg(folder.join("invoices"));
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
