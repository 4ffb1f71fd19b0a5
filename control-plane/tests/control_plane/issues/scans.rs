//! What scans prove becomes the same issues in whatever order they come.

use control_plane::{
    clock::{EpochMillis, TimeRange},
    store::{
        About, Findings, Fingerprint, IgnoreReason, Ignored, Issue, IssueEvidence, IssueFilter, IssueSort,
        IssueSource, IssueStatus, IssueStore as _, Observation, Observed, Order, Page, Place, SqliteStore,
        Store, Verdict, Weakness,
    },
};
use portcullis_detection::Severity;
use proptest::{prelude::*, sample::select};

use crate::store_contract::{at, engines, me};

const WEAKNESSES: [&str; 2] = ["CookieWithoutSecure", "VerboseErrors"];

fn place(template: &str) -> Place {
    Place {
        method: "GET".into(),
        host: "shop.example".into(),
        template: template.into(),
        detail: String::new(),
    }
}

fn observation(weakness: &str, template: &str, millis: i64, verdict: Verdict) -> Observation {
    Observation { weakness: weakness.into(), place: place(template), at: at(millis), verdict }
}

fn found(severity: Severity, message: &str) -> Verdict {
    Verdict::Found {
        severity,
        evidence: IssueEvidence { message: message.into(), ..IssueEvidence::default() },
    }
}

fn weakness(id: &str, description: &str) -> Weakness {
    Weakness {
        id: id.into(),
        name: format!("{id} by name"),
        category: "SecurityMisconfig".into(),
        severity: Severity::Medium,
        about: About { description: description.into(), cwe: vec!["CWE-614".into()], ..About::default() },
    }
}

fn findings(millis: i64, observations: Vec<Observation>) -> Findings {
    let weaknesses = WEAKNESSES.map(|id| weakness(id, &format!("told at {millis}"))).into();
    Findings { source: IssueSource::Passive, at: at(millis), weaknesses, observations }
}

fn page() -> Page<IssueSort> {
    Page { skip: 0, limit: 1_000, sort: vec![(IssueSort::Endpoint, Order::Ascending)] }
}

fn all(store: &dyn Store) -> Vec<Issue> {
    store.issues(&IssueFilter::default(), &page()).unwrap().0.rows
}

fn statuses(store: &dyn Store) -> Vec<IssueStatus> {
    all(store).iter().map(|issue| issue.status).collect()
}

fn ignored(note: &str) -> Ignored {
    Ignored { reason: IgnoreReason::AcceptableRisk, note: note.into(), by: "me".into(), at: at(50) }
}

#[test]
fn an_issue_is_fixed_when_looked_for_in_vain_and_reopened_when_found_again() {
    engines(|store| {
        let tell = |millis, verdict| {
            let one = observation("VerboseErrors", "/users/{id}", millis, verdict);
            store.observe(None, findings(millis, vec![one])).unwrap()
        };
        assert_eq!(tell(10, found(Severity::Low, "a trace")), Observed { created: 1, ..Observed::default() });
        assert_eq!(tell(20, Verdict::Clean), Observed { fixed: 1, ..Observed::default() });
        assert_eq!(statuses(store), [IssueStatus::Fixed]);
        assert_eq!(
            tell(30, found(Severity::High, "another")),
            Observed { reopened: 1, ..Observed::default() }
        );
        let issues = all(store);
        let [issue] = issues.as_slice() else { panic!("{issues:?}") };
        assert_eq!((issue.status, issue.is_reopened()), (IssueStatus::Open, true));
        assert_eq!((issue.first_found, issue.last_found, issue.last_clean), (at(10), at(30), Some(at(20))));
        assert_eq!((issue.severity, issue.evidence.message.as_str()), (Severity::High, "another"));
        assert_eq!(issue.weakness, weakness("VerboseErrors", "told at 30"));
    });
}

#[test]
fn what_was_only_looked_for_in_vain_is_no_issue_yet() {
    engines(|store| {
        let clean = |millis| observation("VerboseErrors", "/a", millis, Verdict::Clean);
        assert_eq!(store.observe(None, findings(20, vec![clean(20)])).unwrap(), Observed::default());
        assert!(all(store).is_empty());
        // A scan from before that comes late: what it found was fixed since.
        let late = observation("VerboseErrors", "/a", 10, found(Severity::Low, "x"));
        assert_eq!(store.observe(None, findings(10, vec![late])).unwrap().created, 1);
        assert_eq!(statuses(store), [IssueStatus::Fixed]);
    });
}

#[test]
fn an_ignored_issue_stays_ignored_whatever_scans_say_until_somebody_opens_it() {
    engines(|store| {
        let tell = |millis, verdict| {
            let one = observation("VerboseErrors", "/a", millis, verdict);
            store.observe(None, findings(millis, vec![one])).unwrap();
        };
        tell(10, found(Severity::Low, "x"));
        let filter =
            IssueFilter { fingerprints: Some(vec![all(store)[0].fingerprint]), ..IssueFilter::default() };
        assert_eq!(store.ignore_issues(&me(), &filter, Some(ignored("known"))).unwrap(), 1);
        for (millis, verdict) in [(20, Verdict::Clean), (30, found(Severity::Low, "x")), (40, Verdict::Clean)]
        {
            tell(millis, verdict);
            assert_eq!(statuses(store), [IssueStatus::Ignored]);
        }
        assert_eq!(all(store)[0].ignored, Some(ignored("known")));
        assert_eq!(store.ignore_issues(&me(), &filter, None).unwrap(), 1);
        assert_eq!(statuses(store), [IssueStatus::Fixed], "what scans proved meanwhile counts");
        assert_eq!(store.ignore_issues(&me(), &filter, None).unwrap(), 0);
    });
}

#[test]
fn a_filter_ignores_exactly_what_it_lists_and_counts_all_statuses() {
    engines(|store| {
        let mut told = Vec::new();
        for number in 0..6 {
            let severity = if number % 2 == 0 { Severity::High } else { Severity::Low };
            told.push(observation(
                WEAKNESSES[number % 2],
                &format!("/Path{number}"),
                10,
                found(severity, "x"),
            ));
        }
        store.observe(None, findings(10, told)).unwrap();
        let listed = |filter: &IssueFilter| {
            let (listing, counts) = store.issues(filter, &page()).unwrap();
            assert_eq!(listing.total, listing.rows.len() as u64);
            (listing.rows.into_iter().map(|issue| issue.place.template).collect::<Vec<_>>(), counts)
        };
        let high = IssueFilter { severities: vec![Severity::High], ..IssueFilter::default() };
        assert_eq!(listed(&high).0, ["/Path0", "/Path2", "/Path4"]);
        assert_eq!(store.ignore_issues(&me(), &high, Some(ignored(""))).unwrap(), 3);

        let open = IssueFilter { statuses: vec![IssueStatus::Open], ..IssueFilter::default() };
        let (shown, counts) = listed(&open);
        assert_eq!(shown, ["/Path1", "/Path3", "/Path5"]);
        assert_eq!((counts.open, counts.fixed, counts.ignored), (3, 0, 3));
        for (filter, count) in [
            (IssueFilter { search: "pATH3".into(), ..IssueFilter::default() }, 1),
            (IssueFilter { search: "by name".into(), ..IssueFilter::default() }, 6),
            (IssueFilter { weaknesses: vec![WEAKNESSES[0].into()], ..IssueFilter::default() }, 3),
            (IssueFilter { templates: vec!["/Path3".into()], ..IssueFilter::default() }, 1),
            (IssueFilter { hosts: vec!["other.example".into()], ..IssueFilter::default() }, 0),
            (IssueFilter { sources: vec![IssueSource::Import], ..IssueFilter::default() }, 0),
            (IssueFilter { fingerprints: Some(Vec::new()), ..IssueFilter::default() }, 0),
            (
                IssueFilter {
                    range: Some(TimeRange { from: at(11), until: EpochMillis::MAX }),
                    ..IssueFilter::default()
                },
                0,
            ),
        ] {
            assert_eq!(listed(&filter).0.len(), count, "{filter:?}");
        }
    });
}

#[test]
fn a_place_has_one_fingerprint_and_parts_do_not_run_into_each_other() {
    let split = Place { method: "GETs".into(), host: "hop.example".into(), ..place("/a") };
    let whole = Fingerprint::of("VerboseErrors", &place("/a"));
    assert_ne!(Fingerprint::of("VerboseErrors", &split), whole);
    assert_eq!(Fingerprint::parse(&whole.to_string()), Some(whole));
    assert_eq!(Fingerprint::parse("12"), None);
}

fn scans() -> impl Strategy<Value = Vec<Findings>> {
    let verdict = prop_oneof![
        Just(Verdict::Clean),
        (select(vec![Severity::Low, Severity::High]), 0..3)
            .prop_map(|(severity, which)| found(severity, &format!("evidence {which}"))),
    ];
    // Few times, so that many are the same.
    let one = (select(WEAKNESSES.to_vec()), select(vec!["/a", "/users/{id}"]), 1..6_i64, verdict)
        .prop_map(|(weakness, template, millis, verdict)| observation(weakness, template, millis, verdict));
    let source = select(IssueSource::ALL.to_vec());
    let scan = (prop::collection::vec(one, 0..5), 1..6_i64, source)
        .prop_map(|(observations, millis, source)| Findings { source, ..findings(millis, observations) });
    prop::collection::vec(scan, 1..6)
}

/// What an issue is by the words of the rule: fixed where the last proof is that it is gone.
fn expected(scans: &[Findings], weakness: &str, template: &str) -> Option<IssueStatus> {
    let of_it = || {
        let all = scans.iter().flat_map(|scan| &scan.observations);
        all.filter(|one| one.weakness == weakness && one.place.template == template)
    };
    let last_found = of_it().filter(|one| one.verdict != Verdict::Clean).map(|one| one.at).max()?;
    let is_gone = of_it().any(|one| one.verdict == Verdict::Clean && one.at > last_found);
    Some(if is_gone { IssueStatus::Fixed } else { IssueStatus::Open })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn any_order_and_any_repetition_of_scans_gives_the_same_issues(
        (scans, shuffled) in scans().prop_flat_map(|scans| {
            let twice: Vec<_> = scans.iter().chain(&scans).cloned().collect();
            (Just(scans), Just(twice).prop_shuffle())
        }),
    ) {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let told = [&scans, &shuffled].into_iter().zip(&folders).map(|(scans, folder)| {
            let store = SqliteStore::open(folder.path()).unwrap();
            for scan in scans {
                store.observe(None, scan.clone()).unwrap();
            }
            all(&store)
        });
        let told: Vec<_> = told.collect();
        prop_assert_eq!(&told[0], &told[1]);
        for weakness in WEAKNESSES {
            for template in ["/a", "/users/{id}"] {
                let fingerprint = Fingerprint::of(weakness, &place(template));
                let status = told[0].iter().find(|issue| issue.fingerprint == fingerprint);
                prop_assert_eq!(status.map(|issue| issue.status), expected(&scans, weakness, template));
            }
        }
    }
}
