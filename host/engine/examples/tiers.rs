//! Prints how long components compile with and without optimising, as in
//! docs/adr/0012: `cargo run -p bowsprit-host-engine --example tiers -- FILE…`

use std::{fs, time::Instant};

use wasmtime::{Config, Engine, OptLevel, RegallocAlgorithm, Result, component::Component};

const TIERS: [(OptLevel, RegallocAlgorithm); 3] = [
    (OptLevel::None, RegallocAlgorithm::SinglePass),
    (OptLevel::None, RegallocAlgorithm::Backtracking),
    (OptLevel::Speed, RegallocAlgorithm::Backtracking),
];

const ROUNDS: usize = 7;

fn main() -> Result<()> {
    for file in std::env::args().skip(1) {
        let bytes = fs::read(&file)?;
        println!("{file}: {} bytes", bytes.len());
        for (level, registers) in TIERS {
            let mut settings = Config::new();
            settings.epoch_interruption(true);
            settings.cranelift_opt_level(level).cranelift_regalloc_algorithm(registers);
            let engine = Engine::new(&settings)?;
            let mut millis = Vec::new();
            let mut size = 0;
            for _ in 0..ROUNDS {
                let begun = Instant::now();
                let component = Component::from_binary(&engine, &bytes)?;
                millis.push(begun.elapsed().as_millis());
                size = component.serialize()?.len();
            }
            millis.sort_unstable();
            let median = millis.get(ROUNDS / 2).copied().unwrap_or_default();
            println!("  {level:?}, {registers:?}: {median} ms, {size} bytes of code");
        }
    }
    Ok(())
}
