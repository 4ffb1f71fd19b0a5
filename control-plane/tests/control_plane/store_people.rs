//! What every store engine promises about users, keys, sessions and the audit log.

use control_plane::{
    clock::{EpochMillis, TimeRange},
    store::{
        AuditQuery, NewKey, NewSession, NewUser, Owner, PrincipalKind, Role, Store, UserChange, UserError,
    },
};
use serde_json::json;

use crate::store_contract::{at, engines, me};

fn user(store: &dyn Store, name: &str, role: Role) {
    let user = NewUser {
        id: format!("id-{name}"),
        name: name.into(),
        role,
        password: "$phc".into(),
        created_at: at(1),
    };
    store.create_user(&me(), user).unwrap();
}

fn key(store: &dyn Store, id: u8, expires_at: Option<EpochMillis>) {
    let key = NewKey {
        id: format!("key-{id}"),
        name: "ci".into(),
        role: Role::Viewer,
        hash: [id; 32],
        created_at: at(1),
        expires_at,
    };
    store.create_key(&me(), key).unwrap();
}

fn session(store: &dyn Store, hash: u8, owner: Owner, created_at: EpochMillis, expires_at: EpochMillis) {
    store.create_session(&me(), NewSession { hash: [hash; 32], owner, created_at, expires_at }).unwrap();
}

fn of_user(name: &str) -> Owner {
    Owner::User { id: format!("id-{name}") }
}

fn everything() -> AuditQuery {
    AuditQuery {
        range: TimeRange::ALL,
        who: Vec::new(),
        actions: Vec::new(),
        object: String::new(),
        search: String::new(),
        limit: 1_000,
        cursor: None,
    }
}

fn objects(store: &dyn Store, query: &AuditQuery) -> Vec<String> {
    store.audit(query).unwrap().entries.into_iter().map(|entry| entry.object).collect()
}

#[test]
fn a_session_ends_at_its_end_and_when_it_was_idle_for_too_long() {
    engines(|store| {
        user(store, "ada", Role::Analyst);
        session(store, 1, of_user("ada"), at(100), at(1_000));
        let found = |now, idle_since| store.session(&[1; 32], at(now), at(idle_since)).unwrap();
        let record = found(999, 99).unwrap();
        assert_eq!(
            (record.by.kind, record.by.name.as_str(), record.role),
            (PrincipalKind::User, "ada", Role::Analyst)
        );
        assert!(found(1_000, 99).is_none(), "past its end");
        assert!(found(999, 100).is_none(), "idle");
        store.touch_session(&[1; 32], at(500)).unwrap();
        assert!(found(999, 499).is_some());
        assert_eq!(store.expire_sessions(at(999), at(499)).unwrap(), 0);
        assert_eq!(store.expire_sessions(at(999), at(500)).unwrap(), 1);
    });
}

#[test]
fn nobody_has_more_than_32_sessions_and_the_one_idle_longest_goes() {
    engines(|store| {
        user(store, "ada", Role::Viewer);
        user(store, "grace", Role::Viewer);
        session(store, 200, of_user("grace"), at(1), at(9_000));
        for number in 0..33 {
            session(store, number, of_user("ada"), at(100 + i64::from(number)), at(9_000));
        }
        let is_there = |hash: u8| store.session(&[hash; 32], at(200), at(0)).unwrap().is_some();
        assert!(!is_there(0) && is_there(1) && is_there(32) && is_there(200));
        assert_eq!(store.user("ADA", at(200)).unwrap().unwrap().sessions, 32);
    });
}

#[test]
fn a_key_ends_on_time_and_its_sessions_with_it() {
    engines(|store| {
        key(store, 1, Some(at(500)));
        session(store, 9, Owner::Key { id: "key-1".into() }, at(100), at(9_000));
        assert!(store.key_by_hash(&[1; 32], at(499)).unwrap().is_some());
        assert!(store.key_by_hash(&[1; 32], at(500)).unwrap().is_none());
        assert!(store.session(&[9; 32], at(499), at(0)).unwrap().is_some());
        assert!(store.session(&[9; 32], at(500), at(0)).unwrap().is_none());
    });
}

#[test]
fn a_new_password_keeps_one_session_and_disabling_keeps_none() {
    engines(|store| {
        user(store, "ada", Role::Viewer);
        for hash in 1..4 {
            session(store, hash, of_user("ada"), at(100), at(9_000));
        }
        let left = || {
            (1..4)
                .filter(|hash| store.session(&[*hash; 32], at(200), at(0)).unwrap().is_some())
                .collect::<Vec<_>>()
        };
        let change = |change| store.change_user(&me(), "ada", change, at(200)).unwrap();
        change(UserChange { role: Some(Role::Analyst), ..UserChange::default() });
        assert_eq!(left(), [1, 2, 3]);
        let keep_session = Some([2; 32]);
        let record =
            change(UserChange { password: Some("$new".into()), keep_session, ..UserChange::default() });
        assert_eq!((record.password.as_str(), record.password_changed_at), ("$new", at(200)));
        assert_eq!(left(), [2]);
        change(UserChange { disabled: Some(true), keep_session, ..UserChange::default() });
        assert!(left().is_empty());
    });
}

#[test]
fn the_last_admin_is_kept_and_what_is_refused_leaves_no_trace() {
    engines(|store| {
        user(store, "ada", Role::Admin);
        user(store, "grace", Role::Analyst);
        let entries = objects(store, &everything()).len();
        let demote = || UserChange { role: Some(Role::Viewer), ..UserChange::default() };
        assert!(matches!(store.change_user(&me(), "ada", demote(), at(2)), Err(UserError::LastAdmin(_))));
        assert!(matches!(store.remove_user(&me(), "ada"), Err(UserError::LastAdmin(_))));
        assert!(matches!(store.remove_user(&me(), "eve"), Err(UserError::Unknown(_))));
        let again = NewUser {
            id: "x".into(),
            name: "ADA".into(),
            role: Role::Viewer,
            password: String::new(),
            created_at: at(1),
        };
        assert!(matches!(store.create_user(&me(), again), Err(UserError::Exists(_))));
        assert_eq!(objects(store, &everything()).len(), entries);
        assert_eq!(store.user("ada", at(2)).unwrap().unwrap().role, Role::Admin);
        let promote = UserChange { role: Some(Role::Admin), ..UserChange::default() };
        store.change_user(&me(), "grace", promote, at(2)).unwrap();
        store.remove_user(&me(), "ada").unwrap();
    });
}

#[test]
fn every_change_of_people_is_told_with_before_and_after_and_without_a_secret() {
    engines(|store| {
        user(store, "ada", Role::Admin);
        user(store, "grace", Role::Viewer);
        let change = UserChange {
            role: Some(Role::Analyst),
            password: Some("$argon2id$secret".into()),
            ..UserChange::default()
        };
        store.change_user(&me(), "grace", change, at(2)).unwrap();
        key(store, 7, None);
        store.revoke_key(&me(), "key-7", at(3)).unwrap();
        store.remove_user(&me(), "grace").unwrap();
        let mut entries = store.audit(&everything()).unwrap().entries;
        entries.reverse();
        let told: Vec<_> =
            entries.iter().map(|entry| (entry.object.as_str(), &entry.before, &entry.after)).collect();
        let viewer = Some(json!({"role": "viewer", "disabled": false}));
        let analyst = Some(json!({"role": "analyst", "disabled": false, "password": "changed"}));
        assert_eq!(told[2], ("user grace", &viewer, &analyst));
        assert_eq!((told[3].0, told[4].0, told[5].0), ("API key ci", "API key ci", "user grace"));
        assert!(told[5].2.is_none());
        assert!(!format!("{told:?}").contains("secret"));
        let entry = &entries[2];
        assert_eq!(
            (entry.by.name.as_str(), entry.from.as_deref(), entry.action.as_str()),
            ("me", Some("192.0.2.250"), "test")
        );
    });
}

#[test]
fn the_audit_log_is_searched_and_read_in_pages_without_holes() {
    engines(|store| {
        for number in 0..25 {
            user(store, &format!("user-{number:02}"), Role::Viewer);
        }
        let mut act = me();
        act.by.name = "Grace".into();
        act.by.id = "2".into();
        act.action = "other".into();
        store.note(&act, "100% _ of it").unwrap();
        let mut query = AuditQuery { limit: 10, ..everything() };
        let mut seen = Vec::new();
        loop {
            let page = store.audit(&query).unwrap();
            assert_eq!(page.total, 26);
            seen.extend(page.entries.iter().map(|entry| entry.seq));
            let Some(next) = page.next else { break };
            query.cursor = Some(next);
        }
        assert_eq!(seen, (1..=26).rev().collect::<Vec<_>>());
        let found = |query: AuditQuery| {
            let page = store.audit(&query).unwrap();
            assert_eq!(page.total, page.entries.len() as u64);
            page.entries.into_iter().map(|entry| entry.object).collect::<Vec<_>>()
        };
        let noted = ["100% _ of it"];
        assert_eq!(found(AuditQuery { who: vec!["grace".into()], ..everything() }), noted);
        assert_eq!(found(AuditQuery { who: vec!["2".into(), "nobody".into()], ..everything() }), noted);
        assert_eq!(found(AuditQuery { actions: vec!["other".into()], ..everything() }), noted);
        assert_eq!(found(AuditQuery { object: "% _ OF".into(), ..everything() }), noted);
        assert_eq!(found(AuditQuery { search: "GRACE".into(), ..everything() }), noted);
        assert_eq!(found(AuditQuery { search: "192.0.2.250".into(), ..everything() }).len(), 26);
        assert_eq!(found(AuditQuery { search: "\"role\":\"viewer\"".into(), ..everything() }).len(), 25);
        assert_eq!(found(AuditQuery { object: "USER-03".into(), ..everything() }), ["user user-03"]);
        let past = TimeRange { from: at(0), until: at(1_000) };
        assert!(found(AuditQuery { range: past, ..everything() }).is_empty());
    });
}

#[test]
fn the_audit_log_forgets_what_is_old_and_nothing_younger_than_thirty_days() {
    engines(|store| {
        store.note(&me(), "young").unwrap();
        assert_eq!(store.expire_audit(EpochMillis::MAX).unwrap(), 0);
        assert_eq!(objects(store, &everything()), ["young"]);
    });
}
