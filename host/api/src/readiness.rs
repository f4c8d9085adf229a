//! Whether the host wants requests.

/// What the readiness route tells a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It starts or stops.
    Closed,
    /// It serves.
    Ready,
    /// It serves, but the store does not answer: most requests would fail.
    StoreAway,
}

impl Readiness {
    /// Takes note of whether the store answers. True if that changes anything;
    /// a host that starts or stops stays closed.
    pub fn note_store(&mut self, answers: bool) -> bool {
        let next = match (*self, answers) {
            (Self::Ready, false) => Self::StoreAway,
            (Self::StoreAway, true) => Self::Ready,
            _ => return false,
        };
        *self = next;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Readiness::{Closed, Ready, StoreAway};

    #[test]
    fn a_store_that_answers_opens_no_host_that_is_closed() {
        for (before, answers, after) in [
            (Closed, true, Closed),
            (Closed, false, Closed),
            (Ready, true, Ready),
            (Ready, false, StoreAway),
            (StoreAway, false, StoreAway),
            (StoreAway, true, Ready),
        ] {
            let mut state = before;
            assert_eq!(state.note_store(answers), state != before);
            assert_eq!(state, after);
        }
    }
}
