//! Whose data a sensor may write.

use crate::store::SensorRecord;

/// Knows the control plane's own account, which sensors and join tokens leave empty.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    own: String,
}

impl Accounts {
    pub(crate) fn new(own: String) -> Self {
        Self { own }
    }

    /// Writes the sensor's account where it named none. False where it named another one.
    pub(crate) fn bind(&self, sensor: &SensorRecord, named: &mut String) -> bool {
        match sensor.account_id.as_deref() {
            // Enrolled before accounts were bound.
            None => true,
            Some("") => named.is_empty() || *named == self.own,
            Some(bound) => {
                let is_own = named.is_empty() || named == bound;
                if named.is_empty() {
                    bound.clone_into(named);
                }
                is_own
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor(account_id: Option<&str>) -> SensorRecord {
        SensorRecord {
            id: "s-1".into(),
            credential_hash: None,
            account_id: account_id.map(str::to_owned),
            node: String::new(),
            version: String::new(),
            enrolled_at: crate::clock::EpochMillis::MIN,
            revoked_at: None,
            last_seen: None,
            applied_revision: 0,
            report: Vec::new(),
        }
    }

    #[test]
    fn a_sensor_writes_its_own_account_and_no_other() {
        let accounts = Accounts::new("1000000".into());
        let bound = |sensor_of: Option<&str>, named: &str| {
            let mut named = named.to_owned();
            accounts.bind(&sensor(sensor_of), &mut named).then_some(named)
        };
        assert_eq!(bound(Some(""), "").as_deref(), Some(""));
        assert_eq!(bound(Some(""), "1000000").as_deref(), Some("1000000"));
        assert_eq!(bound(Some(""), "7"), None);
        assert_eq!(bound(Some("7"), "").as_deref(), Some("7"));
        assert_eq!(bound(Some("7"), "7").as_deref(), Some("7"));
        assert_eq!(bound(Some("7"), "1000000"), None);
        assert_eq!(bound(None, "7").as_deref(), Some("7"));
    }
}
