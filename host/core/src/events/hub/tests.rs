use futures::StreamExt as _;

use super::*;
use crate::id::Id;

fn topic() -> Topic {
    Topic::Workflow(Id::new())
}

async fn text(subscription: &mut Subscription) -> String {
    match subscription.next().await {
        Some(Delivery::Event(frame)) => String::from_utf8(frame.to_vec()).unwrap(),
        other => panic!("expected an event, got {other:?}"),
    }
}

fn id_of(frame: &str) -> EventId {
    frame.lines().next().unwrap().strip_prefix("id:").unwrap().parse().unwrap()
}

#[tokio::test]
async fn delivers_what_is_published_after_the_subscription() {
    let (hub, topic) = (Hub::new(), topic());
    hub.publish(&topic, "node_update", &1);
    let mut subscription = hub.subscribe(&topic, None);
    hub.publish(&topic, "node_update", &2);
    assert!(text(&mut subscription).await.ends_with("event:node_update\ndata:2\n\n"));
}

#[tokio::test]
async fn replays_what_a_reader_missed() {
    let (hub, topic) = (Hub::new(), topic());
    let mut first = hub.subscribe(&topic, None);
    hub.publish(&topic, "e", &1);
    let seen = id_of(&text(&mut first).await);
    drop(first);
    hub.publish(&topic, "e", &2);
    hub.publish(&topic, "e", &3);
    let mut again = hub.subscribe(&topic, Some(seen));
    assert!(text(&mut again).await.contains("data:2"));
    assert!(text(&mut again).await.contains("data:3"));
}

#[tokio::test]
async fn says_so_when_the_missed_events_are_gone() {
    let (hub, topic) = (Hub::new(), topic());
    let mut first = hub.subscribe(&topic, None);
    hub.publish(&topic, "e", &0);
    let seen = id_of(&text(&mut first).await);
    for n in 0..KEPT + 2 {
        hub.publish(&topic, "e", &n);
    }
    let mut again = hub.subscribe(&topic, Some(seen));
    assert_eq!(again.next().await, Some(Delivery::Resync));
    hub.publish(&topic, "e", &"after");
    assert!(text(&mut again).await.contains("after"));
}

#[tokio::test]
async fn an_id_of_an_earlier_start_is_a_resync() {
    let (hub, topic) = (Hub::new(), topic());
    hub.publish(&topic, "e", &0);
    let other = EventId { epoch: hub.epoch.wrapping_add(1), sequence: 7 };
    let mut subscription = hub.subscribe(&topic, Some(other));
    assert_eq!(subscription.next().await, Some(Delivery::Resync));
}

#[tokio::test]
async fn a_slow_reader_is_told_instead_of_losing_events() {
    let (hub, topic) = (Hub::new(), topic());
    let mut slow = hub.subscribe(&topic, None);
    for n in 0..3 * KEPT {
        hub.publish(&topic, "e", &n);
    }
    assert_eq!(slow.next().await, Some(Delivery::Resync));
}

#[tokio::test]
async fn beats_and_closes() {
    let (hub, topic) = (Hub::new(), topic());
    let mut subscription = hub.subscribe(&topic, None);
    hub.heartbeat();
    assert_eq!(subscription.next().await, Some(Delivery::Heartbeat));
    hub.close();
    assert_eq!(subscription.next().await, Some(Delivery::Closed));
    assert_eq!(subscription.next().await, None);
    assert_eq!(hub.subscribe(&topic, None).next().await, Some(Delivery::Closed));
}

#[tokio::test]
async fn wakes_a_thousand_waiting_readers() {
    let (hub, topic) = (Hub::new(), topic());
    let readers: Vec<_> = (0..1000).map(|_| hub.subscribe(&topic, None)).collect();
    let tasks: Vec<_> =
        readers.into_iter().map(|mut it| tokio::spawn(async move { it.next().await })).collect();
    tokio::task::yield_now().await;
    hub.publish(&topic, "e", &1);
    for task in tasks {
        assert!(matches!(task.await.unwrap(), Some(Delivery::Event(_))));
    }
}
