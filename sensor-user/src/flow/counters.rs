use super::store::Standing;
use crate::counters::Counters;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FlowCounters {
    pub(super) segments: u64,
    pub(super) opened: u64,
    evicted_silent: u64,
    evicted_unread: u64,
    evicted_unproven: u64,
    evicted_conversing: u64,
    pub(super) idle: u64,
    pub(super) forgotten: u64,
    pub(super) replaced: u64,
    pub(super) gaps: u64,
    pub(super) gap_bytes: u64,
    pub(super) left_out_bytes: u64,
    pub(super) duplicate_bytes: u64,
    pub(super) overlap_conflicts: u64,
    pub(super) out_of_order_segments: u64,
    pub(super) forged_resets: u64,
    pub(super) early_resets: u64,
    pub(super) ignored_segments: u64,
    pub(super) shed: u64,
    pub(super) shed_segments: u64,
}

impl FlowCounters {
    pub(super) fn evict(&mut self, standing: Standing) {
        match standing {
            Standing::Silent => self.evicted_silent += 1,
            Standing::Unread => self.evicted_unread += 1,
            Standing::Unproven => self.evicted_unproven += 1,
            Standing::Conversing => self.evicted_conversing += 1,
        }
    }

    pub(super) fn named(&self) -> Counters {
        let evicted =
            self.evicted_silent + self.evicted_unread + self.evicted_unproven + self.evicted_conversing;
        Counters::from_iter([
            ("flow_segments_total", self.segments),
            ("flow_opened_total", self.opened),
            ("flow_evicted_total", evicted),
            ("flow_evicted_silent_total", self.evicted_silent),
            ("flow_evicted_unread_total", self.evicted_unread),
            ("flow_evicted_unproven_total", self.evicted_unproven),
            ("flow_evicted_conversing_total", self.evicted_conversing),
            ("flow_idle_total", self.idle),
            ("flow_forgotten_total", self.forgotten),
            ("flow_replaced_total", self.replaced),
            ("flow_gaps_total", self.gaps),
            ("flow_gap_bytes_total", self.gap_bytes),
            ("flow_left_out_bytes_total", self.left_out_bytes),
            ("flow_duplicate_bytes_total", self.duplicate_bytes),
            ("flow_overlap_conflicts_total", self.overlap_conflicts),
            ("flow_out_of_order_segments_total", self.out_of_order_segments),
            ("flow_forged_resets_total", self.forged_resets),
            ("flow_early_resets_total", self.early_resets),
            ("flow_ignored_segments_total", self.ignored_segments),
            ("flow_shed_total", self.shed),
            ("flow_shed_segments_total", self.shed_segments),
        ])
    }
}
