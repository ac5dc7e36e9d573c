//! The table of the consoles' pages (HTML). Must not hold rules: pages call the same functions as the API.

use crate::routes::Route;

/// Every page route.
pub fn routes() -> Vec<Route> {
    Vec::new()
}
