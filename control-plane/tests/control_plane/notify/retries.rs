//! What is sent again, and what is not lost.

use std::time::Duration;

use control_plane::{
    auth::command_line,
    fleet::{JoinTerms, create_join_token},
    store::SqliteStore,
};
use serde_json::{Value, json};

use super::receiver::{Answer, Receiver, add, plane, target_when};
use crate::{
    crash::Process,
    harness::{Person, TestSensor, event},
};

fn ids(seen: &[super::receiver::Seen], key: &str) -> Vec<Value> {
    seen.iter().map(|seen| seen.json()["events"][0][key].clone()).collect()
}

#[tokio::test]
async fn what_fails_is_sent_again_under_the_same_id_and_later_ones_wait_behind_it() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(503), Answer::Status(500), Answer::Status(200)]).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    let events: Vec<_> = (0..3).map(|_| event()).collect();
    let began = std::time::Instant::now();
    plane.sensor().await.send(events.clone()).await;
    let seen = receiver.wait_for(5).await;
    // Half of a second and half of two at least, however the jitter falls.
    assert!(began.elapsed() >= Duration::from_millis(1_500), "it did not back off");
    let order = [0, 0, 0, 1, 2].map(|index: usize| json!(events[index].event_id));
    assert_eq!(ids(&seen, "eventId"), order);
    assert!(seen[..3].iter().all(|again| again.body == seen[0].body), "another body");
    assert_eq!(seen[0].header("portcullis-delivery"), seen[2].header("portcullis-delivery"));

    let target = target_when(&admin, "hook", |target| target["delivered"] == 3).await;
    assert_eq!((&target["failed"], &target["failures"]), (&json!(2), &json!(0)));
    let log = admin.ask("fetchNotifyLog", json!({"name": "hook"})).await;
    let told: Vec<_> = log["entries"].as_array().unwrap().iter().rev().collect();
    let outcomes: Vec<_> = told.iter().map(|entry| (&entry["outcome"], &entry["attempt"])).collect();
    let (failed, delivered) = (json!("failed"), json!("delivered"));
    let [one, two, three] = [1, 2, 3].map(|number| json!(number));
    assert_eq!(
        outcomes,
        [(&failed, &one), (&failed, &two), (&delivered, &three), (&delivered, &one), (&delivered, &one)]
    );
    assert_eq!(told[0]["detail"], "answered 503");
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_the_next_goes_on() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(422), Answer::Status(200)]).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    let events = vec![event(), event()];
    plane.sensor().await.send(events.clone()).await;
    let seen = receiver.wait_for(2).await;
    assert_eq!(ids(&seen, "eventId"), [json!(events[0].event_id), json!(events[1].event_id)]);
    let target = target_when(&admin, "hook", |target| target["delivered"] == 1).await;
    assert_eq!((&target["givenUp"], &target["queued"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn what_waits_outlives_a_restart() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(503)]).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    let sent = event();
    plane.sensor().await.send(vec![sent.clone()]).await;
    let first = receiver.wait_for(1).await;
    receiver.answer(Answer::Status(200));
    let plane = plane.restart_notifying(super::receiver::to_loopback()).await;
    let admin = plane.person(control_plane::store::Role::Admin);
    target_when(&admin, "hook", |target| target["delivered"] == 1).await;
    let last = receiver.seen().pop().unwrap();
    assert_eq!(last.json(), first[0].json());
}

#[tokio::test]
async fn what_finds_no_room_is_counted_and_the_oldest_stay() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(503)]).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    let sensor = plane.sensor().await;
    let first = event();
    let mut events = vec![first.clone()];
    events.extend((0..10_006).map(|_| event()));
    for batch in events.chunks(2_000) {
        sensor.send(batch.to_vec()).await;
    }
    let target = target_when(&admin, "hook", |target| target["dropped"] == 7).await;
    assert_eq!(target["queued"], 10_000);
    assert_eq!(ids(&receiver.wait_for(1).await, "eventId")[0], first.event_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_control_plane_loses_no_notification_of_an_event_it_acknowledged() {
    let receiver = Receiver::start(&[Answer::Status(200), Answer::Status(503)]).await;
    let folder = tempfile::tempdir().unwrap();
    let allow = ["--notify-allow", "127.0.0.0/8"];
    let mut first = Process::start_with(folder.path(), &allow);
    first.read_first_key();
    let key = first.key.clone().unwrap();
    let token = {
        let store = SqliteStore::open(folder.path()).unwrap();
        let terms = JoinTerms { lifetime: Duration::from_secs(60), uses: 1 };
        let token = create_join_token(&store, &command_line("test"), terms).unwrap();
        token.reveal().to_owned()
    };
    let admin = Person::new(format!("http://{}", first.http), key.clone());
    add(&admin, "hook", "webhook", &receiver.url()).await;
    let sensor = TestSensor::enroll(&format!("http://{}", first.grpc), &token).await.unwrap();
    let events: Vec<_> = (0..30).map(|_| event()).collect();
    for batch in events.chunks(10) {
        sensor.send(batch.to_vec()).await;
    }
    first.kill();

    receiver.answer(Answer::Status(200));
    let second = Process::start_with(folder.path(), &allow);
    let admin = Person::new(format!("http://{}", second.http), key);
    target_when(&admin, "hook", |target| target["queued"] == 0).await;
    let mut told = ids(&receiver.seen(), "eventId");
    // One that was under way may come again; then it does so at once.
    told.dedup();
    assert_eq!(told, events.into_iter().map(|event| json!(event.event_id)).collect::<Vec<_>>());
}
