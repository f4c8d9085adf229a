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
        let user = Some(&self.people.twenty);
        self.people.ensure_drawn(&self.people.twenty, 20).await;
        let calls = [
            (["host CPU, one workflow", "p50, one workflow"], self.people.get_fifty().await),
            (["host CPU, list of 20", "p50, list of 20"], Call::get("/workflows", user)),
            (["host CPU, dashboard", "p50, dashboard"], Call::get("/dashboard/stats", user)),
            (["host CPU, search", "p50, search"], Call::get("/search?q=workflow", user)),
        ];
        let few = self.all(&calls).await;
        let begun = Instant::now();
        let mut drawn = 0;
        while drawn < MANY && begun.elapsed() < DRAWING {
            draw(&self.people.many, BATCH).await;
            drawn += BATCH;
        }
        let many = self.all(&calls).await;
        let mut figures = Vec::new();
        for (([cpu, p50], _), (many, few)) in calls.iter().zip(many.iter().zip(&few)) {
            let flat = Target::Limit(FLAT, 0.0);
            figures.push(Figure::new(cpu, many.cpu, "µs").beside(few.cpu).aims(flat));
            let (many, few) = (many.latency.p50(), few.latency.p50());
            figures.push(Figure::new(p50, many, "ms").beside(few));
        }
        let note = format!("{drawn} workflows of 10 nodes, drawn by somebody else");
        Measured { limit: "the same before they were drawn", note, figures }
    }

    async fn all(&self, calls: &[([&str; 2], Call)]) -> Vec<Load> {
        let mut loads = Vec::new();
        for (_, call) in calls {
            loads.push(closed_loop(&self.server, call, 8, LASTING).await);
        }
        loads
    }
}
