//! `hello` as a program of its own, with every flag of the server.

fn main() -> std::process::ExitCode {
    transom_server::main(hello::app)
}
