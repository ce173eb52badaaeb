//! HTML from templates.
