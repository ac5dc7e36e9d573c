//! Sets up the log: one line an event on standard error. Never a face, name, document number or token.

use tracing_subscriber::EnvFilter;

/// Starts logging with the filter from the settings. A second call does nothing.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true)
        .try_init();
}
