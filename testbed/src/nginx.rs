use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use portcullis_stack::Process;

use crate::{
    netns::Namespace,
    network::{SERVER_V4, SERVER_V6},
};

const START_LIMIT: Duration = Duration::from_secs(10);

/// nginx in front of the API, on port 80 of the server's two addresses.
#[derive(Debug)]
pub(crate) struct Nginx {
    pub(crate) process: Process,
}

impl Nginx {
    /// Everything it writes goes to `folder`: it must not meet an nginx that the machine runs for itself.
    pub(crate) fn start(namespace: &Namespace, upstream: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        let config = folder.join("nginx.conf");
        let pid = folder.join("nginx.pid");
        fs_err::write(&config, configuration(upstream, folder))?;
        let mut command = namespace.command(program());
        command.arg("-p").arg(folder).arg("-c").arg(&config).arg("-e").arg(folder.join("nginx-error.log"));
        let mut process = Process::start("nginx", command, &folder.join("nginx.log"))?;
        // It writes its pid once it listens.
        process.wait_until("it listens", START_LIMIT, |_| {
            Ok(fs_err::read(&pid).is_ok_and(|text| text.ends_with(b"\n")))
        })?;
        Ok(Self { process })
    }
}

/// Debian's, or whatever is first on the PATH.
fn program() -> PathBuf {
    let debian = Path::new("/usr/sbin/nginx");
    if debian.exists() { debian.to_owned() } else { PathBuf::from("nginx") }
}

fn configuration(upstream: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\n\
         worker_processes 1;\n\
         pid {folder}/nginx.pid;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n\
             access_log {folder}/nginx-access.log;\n\
             client_body_temp_path {folder}/nginx-body;\n\
             proxy_temp_path {folder}/nginx-proxy;\n\
             fastcgi_temp_path {folder}/nginx-fastcgi;\n\
             uwsgi_temp_path {folder}/nginx-uwsgi;\n\
             scgi_temp_path {folder}/nginx-scgi;\n\
             server_tokens off;\n\
             keepalive_timeout 30s;\n\
             upstream api {{ server {upstream}; keepalive 8; }}\n\
             server {{\n\
                 listen {SERVER_V4}:80;\n\
                 listen [{SERVER_V6}]:80;\n\
                 location / {{\n\
                     proxy_pass http://api;\n\
                     proxy_http_version 1.1;\n\
                     proxy_set_header Connection \"\";\n\
                     proxy_set_header Host $host;\n\
                     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
                 }}\n\
             }}\n\
         }}\n"
    )
}
