//! Asks a MongoDB server one question, to see whether it really answers.
//!
//! A listening port is not enough: FerretDB listens before its database is up.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The reply says `ok: 1.0` as a BSON double.
const OK: &[u8] = b"\x01ok\0\0\0\0\0\0\0\xf0\x3f";
/// The opcode of `OP_MSG`, the protocol's only request since MongoDB 5.1.
const OP_MSG: i32 = 2013;

/// Whether the server at `port` can list its databases.
pub(super) fn answers(port: u16) -> bool {
    ask(port).is_ok_and(|reply| reply.windows(OK.len()).any(|part| part == OK))
}

fn ask(port: u16) -> std::io::Result<Vec<u8>> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(&question())?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let rest = u32::from_le_bytes(length).saturating_sub(4).min(1 << 20);
    let mut reply = Vec::new();
    stream.take(rest.into()).read_to_end(&mut reply)?;
    Ok(reply)
}

/// `{ listDatabases: 1, $db: "admin" }` as a message.
fn question() -> Vec<u8> {
    let document = document(b"\x10listDatabases\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0");
    let mut body = Vec::new();
    for number in [1, 0, OP_MSG, 0] {
        // Request id, reply to, opcode, flags.
        body.extend(number.to_le_bytes());
    }
    body.push(0);
    body.extend(document);
    prefixed(&body)
}

fn document(fields: &[u8]) -> Vec<u8> {
    prefixed(&[fields, b"\0"].concat())
}

/// `bytes` after their length, which counts itself.
fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len() + 4).unwrap_or(u32::MAX);
    [length.to_le_bytes().as_slice(), bytes].concat()
}
