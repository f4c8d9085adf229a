//! Budgets at their edges, in time and in amount.

use super::*;

fn budgets(cpu_millis: u64, memory_mib_seconds: u64) -> Budgets {
    Budgets::new(BudgetLimits { cpu_millis, memory_mib_seconds })
}

fn millis(cpu: u64) -> Cost {
    Cost { cpu: Duration::from_millis(cpu), memory: 0, held: Duration::ZERO }
}

#[test]
fn a_budget_is_exhausted_at_its_last_millisecond_and_whole_again_after_the_hour() {
    let (budgets, user, now) = (budgets(100, 0), Id::new(), Instant::now());
    budgets.charge_at(user, millis(99), now);
    assert!(budgets.check_at(user, now).is_ok());
    budgets.charge_at(user, millis(1), now);

    let later = now + Duration::from_secs(600);
    let Err(Error::Busy { code, retry_after, .. }) = budgets.check_at(user, later) else {
        panic!("not exhausted")
    };

    assert_eq!((code, retry_after.as_secs()), ("plugin.budget.exhausted", 3000));
    assert!(budgets.check_at(user, now + HOUR).is_ok());
    budgets.charge_at(user, millis(1), now + HOUR);
    assert_eq!(budgets.report_at(now + HOUR).budgets[0].cpu_millis, 1, "a new hour");
}

#[test]
fn memory_counts_by_how_long_it_is_held() {
    let (budgets, user, now) = (budgets(0, 64), Id::new(), Instant::now());
    let cost = Cost { cpu: Duration::ZERO, memory: 32 << 20, held: Duration::from_secs(1) };
    budgets.charge_at(user, cost, now);
    assert!(budgets.check_at(user, now).is_ok(), "32 of 64 MiB seconds");
    budgets.charge_at(user, cost, now);
    assert!(budgets.check_at(user, now).is_err());
}

#[test]
fn users_pay_for_themselves_and_zero_is_no_bound() {
    let (one, other, now) = (Id::new(), Id::new(), Instant::now());
    let bounded = budgets(1, 0);
    bounded.charge_at(one, millis(5), now);
    assert!(bounded.check_at(one, now).is_err());
    assert!(bounded.check_at(other, now).is_ok());

    let unbounded = budgets(0, 0);
    unbounded.charge_at(one, Cost { memory: 1 << 40, held: HOUR, ..millis(1 << 40) }, now);
    assert!(unbounded.check_at(one, now).is_ok());
}

#[test]
fn accounts_of_past_hours_are_dropped() {
    let (budgets, now) = (budgets(1, 0), Instant::now());
    for _ in 0..KEPT {
        budgets.charge_at(Id::new(), millis(1), now);
    }
    budgets.charge_at(Id::new(), millis(1), now + HOUR);
    assert_eq!(budgets.accounts().len(), 1);
}
