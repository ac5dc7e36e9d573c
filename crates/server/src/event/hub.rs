//! Live events: one database read a wake-up, shared by all consoles. Must not be taken for the truth: whoever
//! falls behind is dropped, reconnects, and replays from the events table.

use std::sync::Arc;

use tapal_store::{
    Db,
    event::{self, Event},
};
use tokio::sync::broadcast;

/// Events a console may be behind before it is dropped.
const BUFFER: usize = 512;

/// Spreads events to consoles.
#[derive(Clone, Debug)]
pub struct Hub {
    db: Db,
    live: broadcast::Sender<Arc<Event>>,
}

impl Hub {
    /// A hub over a database; [`Hub::run`] must run beside it.
    pub fn new(db: Db) -> Self {
        let (live, _) = broadcast::channel(BUFFER);
        Self { db, live }
    }

    /// Live events from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.live.subscribe()
    }

    /// Reads what is new at every wake-up, and every two seconds for changes of other processes.
    pub async fn run(self) {
        let mut wakes = self.db.wakes();
        let mut last = loop {
            match event::head(&self.db).await {
                Ok(head) => break head,
                Err(error) => tracing::warn!(%error, "events cannot be read yet"),
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        };
        loop {
            last = self.spread(last).await;
            let pause = tokio::time::sleep(std::time::Duration::from_secs(2));
            tokio::select! {
                woken = wakes.changed() => if woken.is_err() { return },
                () = pause => {}
            }
        }
    }

    async fn spread(&self, mut last: i64) -> i64 {
        loop {
            match event::after(&self.db, last, 200).await {
                Ok(events) if events.is_empty() => return last,
                Ok(events) => {
                    for event in events {
                        last = event.seq;
                        // Nobody listening is fine.
                        let _ = self.live.send(Arc::new(event));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "events cannot be read");
                    return last;
                }
            }
        }
    }
}
