//! Whether reads stay as fast when somebody else draws thousands of workflows.

use std::time::{Duration, Instant};

use super::{Lab, people::draw};
use crate::{
    load::{Call, Load, closed_loop},
    report::{Figure, Measured, Target},
};

/// Workflows that are many, and how long they may take to draw.
const MANY: usize = 10_000;
const DRAWING: Duration = Duration::from_secs(12);
const BATCH: usize = 250;
const LASTING: Duration = Duration::from_secs(1);
/// How much may be noise: what does not grow is flat.
const FLAT: f64 = 1.3;

impl Lab {
    pub(super) async fn growth(&self) -> Measured {
        let one = self.people.get_fifty().await;
        let list = Call::get("/workflows", Some(&self.people.twenty));
        self.people.ensure_drawn(&self.people.twenty, 20).await;
        let few = self.both(&one, &list).await;
        let begun = Instant::now();
        let mut drawn = 0;
        while drawn < MANY && begun.elapsed() < DRAWING {
            draw(&self.people.many, BATCH).await;
            drawn += BATCH;
        }
        let many = self.both(&one, &list).await;
        let flat = |name, many: &Load, few: &Load| {
            Figure::new(name, many.cpu, "µs").beside(few.cpu).aims(Target::Limit(FLAT, 0.0))
        };
        let figures = vec![
            flat("host CPU, one workflow", &many[0], &few[0]),
            flat("host CPU, list of 20", &many[1], &few[1]),
            Figure::new("p50, one workflow", many[0].latency.p50(), "ms")
                .beside(few[0].latency.p50()),
            Figure::new("p50, list of 20", many[1].latency.p50(), "ms")
                .beside(few[1].latency.p50()),
        ];
        let note = format!("{drawn} workflows of 10 nodes, drawn by somebody else");
        Measured { limit: "the same before they were drawn", note, figures }
    }

    async fn both(&self, one: &Call, list: &Call) -> [Load; 2] {
        [
            closed_loop(&self.server, one, 8, LASTING).await,
            closed_loop(&self.server, list, 8, LASTING).await,
        ]
    }
}
