//! A broadcast channel: what one sends all who are subscribed receive, on this machine or on several.
