//! Copies of the centre at a standby server: what is there, what is not, and that a desk sees the same.

use crate::{standby_world::StandbyWorld, world::World};

#[tokio::test]
async fn a_first_pull_copies_and_a_cut_line_changes_nothing() {
    let centre = World::new().await;
    let world = StandbyWorld::beside(&centre).await;
    let pulled = world.pull().await.unwrap();
    assert!(pulled.written > 0);
    assert_eq!(centre.audited("standby.copied").await.len(), 1);
}
