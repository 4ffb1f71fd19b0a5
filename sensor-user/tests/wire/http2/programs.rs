//! nginx and curl, which nobody here wrote.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use super::recording::Recording;

const SERVER: &str = "127.72.50.3:18080";

fn is_here(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).chain(["/usr/sbin".into()]).any(|folder| folder.join(program).is_file())
}

fn nginx(folder: &Path) -> Child {
    let configuration = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr; worker_processes 1; events {{}}
         http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
           uwsgi_temp_path uwsgi; scgi_temp_path scgi; gzip on; gzip_types *; gzip_min_length 1;
           server {{ listen {SERVER} http2; location / {{ add_header X-Path $request_uri; return 200 'seen $request_uri\n'; }} }} }}"
    );
    std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
    Command::new("nginx")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin")
        .arg("-p")
        .arg(folder)
        .args(["-c", "nginx.conf"])
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_and_nginx_by_prior_knowledge() {
    if !is_here("nginx") || !is_here("curl") {
        assert!(std::env::var_os("PORTCULLIS_REQUIRE_ALL").is_none(), "nginx and curl are needed");
        println!("skipped: nginx or curl is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = nginx(folder.path());
    let mut reached = TcpStream::connect(SERVER).await;
    for _ in 0..100 {
        if reached.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        reached = TcpStream::connect(SERVER).await;
    }
    drop(reached.unwrap());
    let front = TcpListener::bind("127.72.50.4:0").await.unwrap();
    let url = format!("http://{}", front.local_addr().unwrap());
    let recording = Recording::default();
    let passing = tokio::spawn({
        let recording = recording.clone();
        async move {
            let (client, _) = front.accept().await.unwrap();
            recording.pass(client, TcpStream::connect(SERVER).await.unwrap()).await;
        }
    });
    let status = Command::new("curl")
        .args(["-sS", "--http2-prior-knowledge", "--compressed", "-o", "/dev/null"])
        .arg(format!("{url}/one?x=1"))
        .status()
        .await
        .unwrap();
    assert!(status.success());
    passing.await.unwrap();
    server.kill().await.unwrap();

    let found: Vec<_> = recording
        .exchanges()
        .iter()
        .map(|exchange| {
            let (request, response) =
                (exchange.request.as_ref().unwrap(), exchange.response.as_ref().unwrap());
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(exchange.incomplete, None);
            let seen = response.headers.text("x-path").unwrap_or_default().to_owned();
            (
                text(&request.target),
                response.status,
                seen,
                text(response.body.bytes.get(..4).unwrap_or_default()),
            )
        })
        .collect();
    assert_eq!(found, [("/one?x=1".to_owned(), 200, "/one?x=1".to_owned(), "seen".to_owned())]);
    recording.assert_cuts_change_nothing(2);
}
