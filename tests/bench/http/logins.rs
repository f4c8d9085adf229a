//! Signing in, whose cost is the password's hash: alone, and beside requests
//! that must not feel it.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use bowsprit_tests::PASSWORD;
use serde_json::json;

use super::Lab;
use crate::{
    load::{Call, closed_loop},
    report::{Figure, Measured, Target},
};

const CONNECTIONS: usize = 4;
const LASTING: Duration = Duration::from_secs(3);
/// Sign-ins per second that are enough, also beside other load.
const ENOUGH: f64 = 70.0;
/// The most one in a hundred of the others may take meanwhile, ms.
const OTHERS: f64 = 10.0;

impl Lab {
    fn login(&self) -> Call {
        let body = json!({"email": "admin@example.com", "password": PASSWORD});
        Call::post("/auth/login", None, &body)
    }

    pub(super) async fn logins(&self) -> Measured {
        let before = hashes().await;
        let ours = closed_loop(&self.server, &self.login(), CONNECTIONS, LASTING).await;
        let alone = (before + hashes().await) / 2.0;
        let figures = vec![
            Figure::new("rate", ours.rate, "/s").beside(alone).aims(Target::AtLeast(ENOUGH)),
            Figure::new("p50", ours.latency.p50(), "ms"),
            Figure::new("p99", ours.latency.p99(), "ms"),
            Figure::new("host CPU", ours.cpu, "µs"),
        ];
        let note = format!("{CONNECTIONS} connections; the limit before and after");
        Measured { limit: "Argon2id alone, on two threads", note, figures }
    }

    pub(super) async fn logins_beside_reads(&self) -> Measured {
        let (login, read) = (self.login(), self.people.get_fifty().await);
        let (logins, reads) = tokio::join!(
            closed_loop(&self.server, &login, CONNECTIONS, LASTING),
            closed_loop(&self.server, &read, CONNECTIONS, LASTING),
        );
        let alone = closed_loop(&self.server, &read, CONNECTIONS, LASTING / 3).await;
        let figures = vec![
            Figure::new("logins", logins.rate, "/s").aims(Target::AtLeast(ENOUGH)),
            Figure::new("reads", reads.rate, "/s").beside(alone.rate),
            Figure::new("reads, p99", reads.latency.p99(), "ms")
                .beside(alone.latency.p99())
                .aims(Target::AtMost(OTHERS)),
        ];
        let note = format!("{CONNECTIONS} connections each");
        Measured { limit: "reads of a workflow of 50 nodes alone", note, figures }
    }
}

/// Passwords hashed per second by two threads that do nothing else, each with
/// memory it has already.
async fn hashes() -> f64 {
    let begun = Instant::now();
    let end = begun + LASTING / 3;
    let hash = move || {
        let params = Params::default();
        let mut memory = vec![Block::default(); params.block_count()];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (mut out, mut count) = ([0; 32], 0_u32);
        while Instant::now() < end {
            let (password, salt) = (PASSWORD.as_bytes(), b"sixteen bytes or");
            argon2.hash_password_into_with_memory(password, salt, &mut out, &mut memory).unwrap();
            count += 1;
        }
        count
    };
    let (one, other) = (tokio::task::spawn_blocking(hash), tokio::task::spawn_blocking(hash));
    f64::from(one.await.unwrap() + other.await.unwrap()) / begun.elapsed().as_secs_f64()
}
