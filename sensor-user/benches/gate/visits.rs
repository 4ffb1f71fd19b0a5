//! Traffic that passes: TCP between the two ends.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use super::{clock, ratios::Work};
use crate::tests::support::world::{NODE_V4, World};

#[derive(Clone, Copy)]
pub(crate) enum Visit {
    /// 200 bytes there, 1,000 back, one after the other on one connection; a unit is one of both.
    Requests,
    /// 64 KiB writes to the node; a unit is one.
    Uploads,
}

impl Visit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requests => "tcp-requests",
            Self::Uploads => "tcp-uploads",
        }
    }

    pub(crate) fn run(self, world: &World) -> Work {
        let (units, there, back) = match self {
            Self::Requests => (20_000, 200, 1_000),
            Self::Uploads => (16_000, 65_536, 0),
        };
        let listener = TcpListener::bind((NODE_V4, 0)).unwrap();
        let to = listener.local_addr().unwrap();
        let before = clock::this_process();
        let node = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut inbox, outbox) = (vec![0; there], vec![0; back]);
            for _ in 0..units {
                stream.read_exact(&mut inbox).unwrap();
                stream.write_all(&outbox).unwrap();
            }
        });
        world.as_visitor(move || {
            let mut stream = TcpStream::connect(to).unwrap();
            stream.set_nodelay(true).unwrap();
            let (outbox, mut inbox) = (vec![0; there], vec![0; back]);
            for _ in 0..units {
                stream.write_all(&outbox).unwrap();
                stream.read_exact(&mut inbox).unwrap();
            }
        });
        node.join().unwrap();
        Work { units, cpu: clock::this_process() - before }
    }
}
