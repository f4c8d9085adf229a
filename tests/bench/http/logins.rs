//! Signing in, whose cost is the password's hash: alone, and beside requests
//! that must not feel it.

use std::time::{Duration, Instant};

use bowsprit_host_core::identity::passwords::Passwords;
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
        let ours = closed_loop(&self.server, &self.login(), CONNECTIONS, LASTING).await;
        let figures = vec![
            Figure::new("rate", ours.rate, "/s")
                .beside(verifications().await)
                .aims(Target::AtLeast(ENOUGH)),
            Figure::new("p50", ours.latency.p50(), "ms"),
            Figure::new("p99", ours.latency.p99(), "ms"),
            Figure::new("host CPU", ours.cpu, "µs"),
        ];
        let note = format!("{CONNECTIONS} connections");
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

/// Passwords verified per second by nothing but the hash.
async fn verifications() -> f64 {
    let passwords = Passwords::new(2);
    let hash = passwords.hash(PASSWORD.to_owned().into()).await.unwrap();
    let begun = Instant::now();
    let end = begun + LASTING / 3;
    let verify = || async {
        let mut count = 0;
        while Instant::now() < end {
            let right = passwords.verify(PASSWORD.to_owned().into(), Some(hash.clone())).await;
            assert!(right.unwrap(), "the password is right");
            count += 1;
        }
        count
    };
    let counts = futures::future::join_all((0..CONNECTIONS).map(|_| verify())).await;
    f64::from(counts.into_iter().sum::<u32>()) / begun.elapsed().as_secs_f64()
}
