//! The server's side of the contract with commands that are encoded already: one encoding goes to a thousand sensors,
//! and what waits for a slow one is a reference to it and not a copy.

pub use self::service::control_plane_server::{ControlPlane, ControlPlaneServer};
use prost::{Message as _, bytes::Bytes};

use crate::v1::{AutomaticBlockAck, InventoryAck, Revision};

/// On the wire the same as [`v1::ControlMessage`](crate::v1::ControlMessage): an embedded message is its encoding, with
/// its length before it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ControlMessage {
    #[prost(bytes = "bytes", optional, tag = "1")]
    snapshot: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    revision: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    automatic_block_ack: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    inventory_ack: Option<Bytes>,
}

impl ControlMessage {
    /// Of a snapshot's own encoding.
    pub fn of_encoded_snapshot(snapshot: Vec<u8>) -> Self {
        Self { snapshot: Some(snapshot.into()), ..Self::default() }
    }

    pub fn of_revision(revision: &Revision) -> Self {
        Self { revision: Some(revision.encode_to_vec().into()), ..Self::default() }
    }

    pub fn of_inventory_acknowledgement(ack: &InventoryAck) -> Self {
        Self { inventory_ack: Some(ack.encode_to_vec().into()), ..Self::default() }
    }

    pub fn of_acknowledgement(ack: &AutomaticBlockAck) -> Self {
        Self { automatic_block_ack: Some(ack.encode_to_vec().into()), ..Self::default() }
    }
}

#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    unreachable_pub,
    unused_qualifications,
    reason = "generated"
)]
mod service {
    include!(concat!(env!("OUT_DIR"), "/encoded/portcullis.sensor.v1.rs"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1;

    #[test]
    fn an_encoded_command_is_the_command_on_the_wire() {
        let revision = Revision { number: 7, changes: vec![v1::Change::default()] };
        let sent = ControlMessage::of_revision(&revision).encode_to_vec();
        let read = v1::ControlMessage::decode(sent.as_slice()).unwrap();
        assert_eq!(read.message, Some(v1::control_message::Message::Revision(revision)));

        let snapshot = v1::Snapshot { revision: 7, ..v1::Snapshot::default() };
        let sent = ControlMessage::of_encoded_snapshot(snapshot.encode_to_vec()).encode_to_vec();
        let read = v1::ControlMessage::decode(sent.as_slice()).unwrap();
        assert_eq!(read.message, Some(v1::control_message::Message::Snapshot(snapshot)));

        let ack = AutomaticBlockAck { event_id: "e".into(), refused: "no".into() };
        let sent = ControlMessage::of_acknowledgement(&ack).encode_to_vec();
        let read = v1::ControlMessage::decode(sent.as_slice()).unwrap();
        assert_eq!(read.message, Some(v1::control_message::Message::AutomaticBlockAck(ack)));

        let ack = InventoryAck { number: 7 };
        let sent = ControlMessage::of_inventory_acknowledgement(&ack).encode_to_vec();
        let read = v1::ControlMessage::decode(sent.as_slice()).unwrap();
        assert_eq!(read.message, Some(v1::control_message::Message::InventoryAck(ack)));
    }
}
