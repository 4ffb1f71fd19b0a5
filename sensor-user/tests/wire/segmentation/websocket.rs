//! WebSocket after its handshake.

use proptest::{collection::vec, prelude::*};

use super::talk::Talk;

#[derive(Clone, Debug)]
struct Said {
    is_client: bool,
    is_final: bool,
    /// Text, binary, continuation, ping or pong.
    opcode: u8,
    payload: Vec<u8>,
    /// Does not wait for what the other side says.
    is_ahead: bool,
}

impl Said {
    /// As RFC 6455 section 5.2 writes it.
    fn frame(&self) -> Vec<u8> {
        let Self { is_client, is_final, opcode, payload, .. } = self;
        let mask_bit = if *is_client { 0x80 } else { 0 };
        let mut frame = vec![if *is_final { 0x80 } else { 0 } | opcode];
        match u8::try_from(payload.len()) {
            Ok(len @ ..126) => frame.push(mask_bit | len),
            _ => {
                frame.push(mask_bit | 126);
                frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        if *is_client {
            let mask = [1, 2, 3, 4];
            frame.extend(mask);
            frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        } else {
            frame.extend(payload);
        }
        frame
    }
}

fn said() -> impl Strategy<Value = Said> {
    let data = (any::<bool>(), 0..3_u8, vec(any::<u8>(), 0..300));
    let control = (Just(true), 9..11_u8, vec(any::<u8>(), 0..20));
    let frame = prop_oneof![3 => data, 1 => control];
    (any::<bool>(), any::<bool>(), frame).prop_map(|(is_client, is_ahead, (is_final, opcode, payload))| {
        Said { is_client, is_final, opcode, payload, is_ahead }
    })
}

pub(super) fn talk() -> impl Strategy<Value = Talk> {
    vec(said(), 1..12).prop_map(|said| {
        let mut talk = Talk::default();
        talk.joint();
        let request = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        talk.say(true, request);
        talk.say(false, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
        talk.exchanges = 1;
        // What each side has heard by its own last step; the client waits for the 101.
        let mut heard = [2, 1];
        for said in &said {
            let heard = &mut heard[usize::from(!said.is_client)];
            if !said.is_ahead {
                *heard = talk.steps.len();
            }
            talk.say_having_heard(*heard, said.is_client, said.frame());
        }
        talk
    })
}
