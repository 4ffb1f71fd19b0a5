//! Two network namespaces with a veth pair between them, and nginx in one.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use portcullis_stack::{Process, in_namespace};

use super::{cpu, wrk};
use crate::program::output;

const SERVER: &str = "pcbtserver";
const CLIENT: &str = "pcbtclient";
/// The server's end of the veth, where watchers watch.
pub(super) const INTERFACE: &str = "pcbtveth";
const PEER: &str = "pcbtpeer";
const ADDRESS: &str = "192.0.2.1";
const PATIENCE: Duration = Duration::from_secs(10);

/// Gone, with all that runs in it, when it is dropped.
pub(super) struct Stage {
    nginx: Process,
    _namespaces: [Namespace; 2],
}

/// What serving a while took, by whom.
pub(super) struct Cost {
    pub(super) requests: u64,
    served_nanos: u64,
    watched_nanos: u64,
}

struct Namespace(&'static str);

impl Stage {
    pub(super) fn set(folder: &Path, sizes: &[usize]) -> anyhow::Result<Self> {
        let namespaces = [Namespace::make(SERVER)?, Namespace::make(CLIENT)?];
        ip(&["-n", SERVER, "link", "add", INTERFACE, "type", "veth", "peer", "name", PEER, "netns", CLIENT])?;
        ip(&["-n", SERVER, "address", "add", &format!("{ADDRESS}/24"), "dev", INTERFACE])?;
        ip(&["-n", CLIENT, "address", "add", "192.0.2.2/24", "dev", PEER])?;
        for (namespace, device) in [(SERVER, "lo"), (SERVER, INTERFACE), (CLIENT, PEER)] {
            ip(&["-n", namespace, "link", "set", device, "up"])?;
        }
        for size in sizes {
            fs_err::write(folder.join(format!("{size}.bin")), vec![b'x'; *size])?;
        }
        let config = folder.join("nginx.conf");
        fs_err::write(&config, configuration(folder))?;
        let pid_file = folder.join("nginx.pid");
        if pid_file.exists() {
            fs_err::remove_file(&pid_file)?;
        }
        let mut command = in_namespace(Some(&path(SERVER)), "nginx");
        command.arg("-p").arg(folder).arg("-c").arg(&config).arg("-e").arg(folder.join("nginx-error.log"));
        let mut nginx = Process::start("nginx", command, &folder.join("nginx.log"))?;
        // It writes its pid once it listens.
        nginx.wait_until("it listens", PATIENCE, |_| {
            Ok(fs_err::read(&pid_file).is_ok_and(|text| text.ends_with(b"\n")))
        })?;
        Ok(Self { nginx, _namespaces: namespaces })
    }

    /// Lets wrk ask for answers of this size for a while, with the process that watches, if any.
    pub(super) fn serve(&self, size: usize, load: Duration, watcher: Option<u32>) -> anyhow::Result<Cost> {
        let nginx = self.nginx.pid();
        let servers: Vec<u32> = cpu::children(nginx)?.into_iter().chain([nginx]).collect();
        let watchers: Vec<u32> = watcher.into_iter().collect();
        let before = (cpu::nanos(&servers)?, cpu::nanos(&watchers)?);
        let (requests, asked_nanos) = wrk::run(&path(CLIENT), &format!("http://{ADDRESS}/{size}.bin"), load)?;
        // What is still in a buffer costs too.
        std::thread::sleep(Duration::from_millis(100));
        Ok(Cost {
            requests,
            served_nanos: cpu::nanos(&servers)? - before.0 + asked_nanos,
            watched_nanos: cpu::nanos(&watchers)? - before.1,
        })
    }

    /// `program`, to be run where nginx runs.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        in_namespace(Some(&path(SERVER)), program)
    }
}

impl Cost {
    pub(super) fn micros_per_request(&self) -> f64 {
        (self.served_nanos + self.watched_nanos) as f64 / 1e3 / self.requests.max(1) as f64
    }

    /// How much of the time the watcher's own process took; the rest of its cost is in the kernel.
    pub(super) fn watcher_share(&self) -> f64 {
        self.watched_nanos as f64 / (self.served_nanos + self.watched_nanos).max(1) as f64
    }
}

impl Namespace {
    fn make(name: &'static str) -> anyhow::Result<Self> {
        // One that was killed leaves it behind.
        if path(name).exists() {
            ip(&["netns", "del", name])?;
        }
        ip(&["netns", "add", name])?;
        Ok(Self(name))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The next run removes what stays.
        ip(&["netns", "del", self.0]).ok();
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    output(Command::new("ip").args(arguments)).map(|_| ())
}

fn path(namespace: &str) -> PathBuf {
    Path::new("/run/netns").join(namespace)
}

fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\n\
         user root;\n\
         worker_processes 1;\n\
         pid {folder}/nginx.pid;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n\
             access_log off;\n\
             sendfile on;\n\
             tcp_nopush on;\n\
             keepalive_requests 1000000000;\n\
             client_body_temp_path {folder}/nginx-body;\n\
             proxy_temp_path {folder}/nginx-proxy;\n\
             fastcgi_temp_path {folder}/nginx-fastcgi;\n\
             uwsgi_temp_path {folder}/nginx-uwsgi;\n\
             scgi_temp_path {folder}/nginx-scgi;\n\
             server {{ listen {ADDRESS}:80; root {folder}; }}\n\
         }}\n"
    )
}
