//! What arrives, kind by kind.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use ring::hmac;
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::receiver::{Answer, Receiver, SECRET, add, plane, target_when, to_loopback};
use crate::harness::{Plane, event};
use control_plane::{NotifySettings, store::Role};

#[tokio::test]
async fn a_webhook_gets_the_event_with_a_signature_that_its_secret_verifies() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(204)]).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    let sent = event();
    plane.sensor().await.send(vec![sent.clone()]).await;

    let seen = receiver.wait_for(1).await.remove(0);
    assert_eq!(seen.path, "/hook/of-nobody");
    let (time, signature) = seen.header("portcullis-signature").split_once(',').unwrap();
    let time = time.strip_prefix("t=").unwrap();
    let signature = hex::decode(signature.strip_prefix("v1=").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hmac::verify(&key, format!("{time}.{}", seen.body).as_bytes(), &signature).unwrap();
    let forged = seen.body.replace("HIGH", "LOW");
    assert!(hmac::verify(&key, format!("{time}.{forged}").as_bytes(), &signature).is_err());

    let event = &seen.json()["events"][0];
    assert_eq!(event["id"], seen.header("portcullis-delivery"));
    for (key, value) in [
        ("eventId", json!(sent.event_id)),
        ("severity", json!("HIGH")),
        ("policy", json!("PathTraversal")),
        ("actor", json!("203.0.113.9")),
        ("url", json!("/files")),
        ("detectedAt", json!(sent.detected_at_ms)),
    ] {
        assert_eq!(event[key], value, "{key}");
    }
    let target = target_when(&admin, "hook", |target| target["delivered"] == 1).await;
    assert_eq!((&target["queued"], &target["failed"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn slack_splunk_and_opentelemetry_get_what_they_read() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Json("{}")]).await;
    let base = format!("http://{}", receiver.address);
    add(&admin, "chat", "slack", &format!("{base}/services/T0/B0/x")).await;
    add(&admin, "hec", "splunk", &base).await;
    add(&admin, "otel", "otlp", &base).await;
    plane.sensor().await.send(vec![event()]).await;
    let seen = receiver.wait_for(3).await;
    let of = |path: &str| seen.iter().find(|seen| seen.path == path).unwrap();

    let text = of("/services/T0/B0/x").json()["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("*HIGH* PathTraversal (LFI)\n```203.0.113.9\nGET api.test/files"), "{text}");

    let hec = of("/services/collector/event");
    assert_eq!(hec.header("authorization"), format!("Splunk {SECRET}"));
    assert_eq!(hec.json()["time"], "1754308800.000");
    assert_eq!(hec.json()["event"]["policy"], "PathTraversal");

    let otlp = of("/v1/logs");
    assert_eq!(otlp.header("authorization"), format!("Bearer {SECRET}"));
    let record = &otlp.json()["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
    assert_eq!(record["timeUnixNano"], "1754308800000000000");
    assert_eq!((&record["severityNumber"], &record["severityText"]), (&json!(17), &json!("HIGH")));
    let address = json!({"key": "client.address", "value": {"stringValue": "203.0.113.9"}});
    assert!(record["attributes"].as_array().unwrap().contains(&address), "{record}");
}

#[tokio::test]
async fn records_that_a_collector_rejects_in_a_success_are_not_delivered() {
    let (_plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Json(r#"{"partialSuccess":{"rejectedLogRecords":"1"}}"#)]).await;
    add(&admin, "otel", "otlp", &receiver.url()).await;
    let tried = admin.ask("testNotifyTarget", json!({"name": "otel"})).await;
    assert_eq!(
        (&tried["delivered"], &tried["detail"]),
        (&json!(false), &json!("answered 200, and rejected 1"))
    );
}

async fn read(mut stream: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// Messages by their octet counts.
fn messages(mut stream: &str) -> Vec<&str> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = stream.split_once(' ') {
        let (message, rest) = rest.split_at(length.parse().unwrap());
        messages.push(message);
        stream = rest;
    }
    assert_eq!(stream, "");
    messages
}

#[tokio::test]
async fn syslog_over_tcp_carries_cef_in_the_order_of_events() {
    let (plane, admin) = plane().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    add(&admin, "siem", "syslog", &url).await;
    let events: Vec<_> = (0..5).map(|_| event()).collect();
    plane.sensor().await.send(events.clone()).await;
    let mut ids = Vec::new();
    while ids.len() < 5 {
        let stream = read(listener.accept().await.unwrap().0).await;
        for message in messages(&stream) {
            assert!(message.starts_with("<131>1 2025-08-04T12:00:00Z "), "{message}");
            let (_, cef) = message.split_once(" threat - CEF:0|Portcullis|Portcullis|").unwrap();
            assert!(
                cef.contains("|PathTraversal|LFI PATH_TRAVERSAL|8|rt=1754308800000 externalId="),
                "{cef}"
            );
            let (_, id) = cef.split_once("externalId=").unwrap();
            ids.push(id.split_once(' ').unwrap().0.to_owned());
        }
    }
    assert_eq!(ids, events.into_iter().map(|event| event.event_id).collect::<Vec<_>>());
    target_when(&admin, "siem", |target| target["delivered"] == 5).await;
}

#[tokio::test]
async fn syslog_over_tls_goes_to_a_server_whose_certificate_is_trusted_and_to_no_other() {
    let authority = authority("CA of this test");
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &authority.1).unwrap();
    let plane = Plane::start_notifying(NotifySettings { ca: Some(ca), ..to_loopback() }).await;
    let admin = plane.person(Role::Admin);
    let trusted = tls_server(&authority.0).await;
    add(&admin, "siem", "syslog", &format!("tls://{}", trusted.address)).await;
    plane.sensor().await.send(vec![event()]).await;
    let stream = trusted.stream.await.unwrap();
    assert!(messages(&stream)[0].contains("|PathTraversal|"), "{stream}");

    let stranger = tls_server(&self::authority("another CA").0).await;
    add(&admin, "stranger", "syslog", &format!("tls://{}", stranger.address)).await;
    let tried = admin.ask("testNotifyTarget", json!({"name": "stranger"})).await;
    assert_eq!(tried["delivered"], false);
    assert!(tried["detail"].as_str().unwrap().contains("certificate"), "{tried}");
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (Issuer::new(params, key), certificate.pem())
}

struct TlsServer {
    address: std::net::SocketAddr,
    /// What the first connection that came through brought.
    stream: tokio::task::JoinHandle<String>,
}

async fn tls_server(authority: &Issuer<'static, KeyPair>) -> TlsServer {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let stream = tokio::spawn(async move {
        loop {
            if let Ok(stream) = acceptor.accept(listener.accept().await.unwrap().0).await {
                return read(stream).await;
            }
        }
    });
    TlsServer { address, stream }
}
