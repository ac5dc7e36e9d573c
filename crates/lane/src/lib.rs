//! What runs beside the traveller: the camera node. Pictures in, alerts out; everybody else leaves no trace.
//! Must not depend on the server: the two meet over HTTPS only, in the words of `tapal_domain::wire`.

pub mod camera;
pub mod clock;
pub mod pass;
pub mod shot;
pub mod track;
pub mod watch;
