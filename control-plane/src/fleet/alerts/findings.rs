use std::time::Duration;

use portcullis_proto::v1::{GateMode, SensorReport};

use super::CoverageSettings;
use crate::{
    clock::EpochMillis,
    fleet::Live,
    store::{AlertKey, AlertKind, SensorRecord},
};

/// Of what there was to see since the report before, in thousandths: below that, people are told.
const SEEN_AT_LEAST: u64 = 990;
const SEEN_OF_LATE: &str = "seen_of_late_permille";
/// Beyond it the times of events mislead.
const SKEW: Duration = Duration::from_secs(5);

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) key: AlertKey,
    pub(super) node: String,
    pub(super) detail: String,
    /// Since when, where that is known from before it was looked at.
    pub(super) since: Option<EpochMillis>,
}

/// The best that a sensor was seen to do: what it does less of is lost, unless somebody accepts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Normal {
    pub(super) captures_in_kernel: bool,
    pub(super) enforces: bool,
}

impl Normal {
    pub(super) fn learn(&mut self, live: &Live) {
        let Some(report) = &live.report else { return };
        self.captures_in_kernel |= report.capture_mode == "ebpf";
        self.enforces |= report.gate_mode() == GateMode::Enforce;
    }
}

/// All that is wrong with a sensor's coverage. Of one that is silent nothing else is known.
pub(super) fn of(
    record: &SensorRecord,
    live: &Live,
    normal: Normal,
    settings: &CoverageSettings,
    watched_since: EpochMillis,
    now: EpochMillis,
) -> Vec<Finding> {
    let finding = |kind: AlertKind, subject: &str, detail: String| Finding {
        key: AlertKey { sensor_id: record.id.clone(), kind, subject: subject.to_owned() },
        node: live.node.clone(),
        detail,
        since: None,
    };
    if !live.is_connected() {
        // Before this process ran, nobody listened.
        let since = live.last_seen.unwrap_or(record.enrolled_at).max(watched_since);
        let silent = finding(AlertKind::Silent, "", "nothing is heard of it".to_owned());
        return vec![Finding { since: Some(since), ..silent }];
    }
    let mut found = Vec::new();
    if let Some(until) = live.certified_until
        && until.remaining(now) < settings.certificate_lifetime / 6
    {
        let left = until.remaining(now).as_secs();
        let detail = format!("its certificate ends in {left} s and is not renewed");
        found.push(finding(AlertKind::Certificate, "", detail));
    }
    if let Some(skew) = live.clock_skew_ms.filter(|skew| skew.unsigned_abs() > SKEW.as_millis() as u64) {
        let way = if skew > 0 { "ahead of" } else { "behind" };
        let detail = format!("its clock is {} ms {way} ours", skew.unsigned_abs());
        found.push(finding(AlertKind::Clock, "", detail));
    }
    if let Some(report) = &live.report {
        found.extend(reported(report, normal).map(|(kind, subject, detail)| finding(kind, subject, detail)));
    }
    found
}

fn reported(report: &SensorReport, normal: Normal) -> impl Iterator<Item = (AlertKind, &str, String)> {
    let gate = report.gate_mode();
    let interfaces = report.interfaces.iter().flat_map(move |interface| {
        let because = match interface.note.is_empty() {
            true => String::new(),
            false => format!(": {}", interface.note),
        };
        let name = interface.name.as_str();
        let uncaptured = (interface.tap == "none")
            .then(|| (AlertKind::Interface, name, format!("{name} is not captured{because}")));
        let unguarded = (interface.gate == "none" && gate != GateMode::Unspecified)
            .then(|| (AlertKind::Enforcement, name, format!("{name} is not guarded{because}")));
        [uncaptured, unguarded].into_iter().flatten()
    });
    let none = report
        .interfaces
        .is_empty()
        .then(|| (AlertKind::Interface, "", "no interface is captured".to_owned()));
    let seen = report.counters.get(SEEN_OF_LATE).filter(|seen| **seen < SEEN_AT_LEAST).map(|seen| {
        let missed = 1000_u64.saturating_sub(*seen);
        (AlertKind::Loss, "", format!("{}.{} % of the traffic went unseen of late", missed / 10, missed % 10))
    });
    let lesser = (normal.captures_in_kernel && report.capture_mode != "ebpf").then(|| {
        (
            AlertKind::CaptureMode,
            "",
            format!("it captures by {} and not in the kernel as before", report.capture_mode),
        )
    });
    let passes = match gate {
        GateMode::Monitor => Some("the gate is in monitor mode: what is blocked passes"),
        GateMode::Unspecified if normal.enforces => Some("nothing is blocked any more"),
        _ => None,
    };
    let passes = passes.map(|detail| (AlertKind::Enforcement, "", detail.to_owned()));
    interfaces.chain(none).chain(seen).chain(lesser).chain(passes)
}

#[cfg(test)]
mod tests {
    use portcullis_proto::v1::InterfaceReport;

    use super::*;

    const NOW: EpochMillis = EpochMillis::from_millis(1_000_000_000);

    fn record() -> SensorRecord {
        SensorRecord {
            id: "s-1".into(),
            credential_hash: None,
            account_id: Some(String::new()),
            node: "node-1".into(),
            version: String::new(),
            enrolled_at: EpochMillis::MIN,
            revoked_at: None,
            last_seen: None,
            applied_revision: 0,
            report: Vec::new(),
        }
    }

    fn sound() -> Live {
        let eth0 = InterfaceReport {
            name: "eth0".into(),
            gate: "native".into(),
            tap: "tcx".into(),
            ..InterfaceReport::default()
        };
        let report = SensorReport {
            capture_mode: "ebpf".into(),
            interfaces: vec![eth0],
            gate_mode: GateMode::Enforce.into(),
            counters: [(SEEN_OF_LATE.to_owned(), 1000)].into(),
            ..SensorReport::default()
        };
        let mut live = Live::from_record(&record());
        live.connection = Some(1);
        live.report = Some(report);
        live.clock_skew_ms = Some(20);
        live.certified_until = Some(NOW.plus(Duration::from_secs(3 * 86_400)));
        live
    }

    fn kinds(live: &Live) -> Vec<(AlertKind, String)> {
        let normal = Normal { captures_in_kernel: true, enforces: true };
        let settings = CoverageSettings::new(Duration::from_secs(7 * 86_400));
        let found = of(&record(), live, normal, &settings, EpochMillis::MIN, NOW);
        found.into_iter().map(|finding| (finding.key.kind, finding.key.subject)).collect()
    }

    #[test]
    fn a_sensor_that_does_all_it_is_meant_to_gives_no_finding() {
        assert_eq!(kinds(&sound()), []);
    }

    #[test]
    fn each_way_to_lose_coverage_is_found_by_itself() {
        type Spoil = fn(&mut Live);
        let spoils: [(AlertKind, &str, Spoil); 10] = [
            (AlertKind::Silent, "", |live| live.connection = None),
            (AlertKind::Interface, "eth0", |live| interface(live).tap = "none".into()),
            (AlertKind::Interface, "", |live| report(live).interfaces.clear()),
            (AlertKind::Loss, "", |live| {
                report(live).counters.insert(SEEN_OF_LATE.into(), 989);
            }),
            (AlertKind::CaptureMode, "", |live| report(live).capture_mode = "pcap".into()),
            (AlertKind::Enforcement, "eth0", |live| interface(live).gate = "none".into()),
            (AlertKind::Enforcement, "", |live| report(live).gate_mode = GateMode::Monitor.into()),
            (AlertKind::Enforcement, "", |live| report(live).gate_mode = GateMode::Unspecified.into()),
            (AlertKind::Clock, "", |live| live.clock_skew_ms = Some(-5_001)),
            (AlertKind::Certificate, "", |live| {
                live.certified_until = Some(NOW.plus(Duration::from_secs(86_400)));
            }),
        ];
        for (kind, subject, spoil) in spoils {
            let mut live = sound();
            spoil(&mut live);
            assert_eq!(kinds(&live), [(kind, subject.to_owned())]);
        }
    }

    fn report(live: &mut Live) -> &mut SensorReport {
        live.report.as_mut().unwrap()
    }

    fn interface(live: &mut Live) -> &mut InterfaceReport {
        report(live).interfaces.first_mut().unwrap()
    }
}
