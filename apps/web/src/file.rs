//! Files as responses, and directories of files as applications.
