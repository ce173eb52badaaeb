use super::*;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::PermissionsExt;

fn bind(text: &str, options: &ListenOptions) -> Result<Vec<Listener>, ListenError> {
    Listener::bind(&text.parse().unwrap(), options)
}

fn port(listener: &Listener) -> u16 {
    match listener.address() {
        Address::Ip(address) => address.port(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_port_in_use_is_said_in_one_line() {
    let first = bind("127.0.0.1:0", &ListenOptions::default()).unwrap();
    let again = format!("127.0.0.1:{}", port(&first[0]));
    let error = bind(&again, &ListenOptions::default()).unwrap_err().to_string();
    assert!(error.contains("in use") && error.contains("--bind") && !error.contains('\n'), "{error}");
}

#[test]
fn both_families_on_one_port_only_where_asked() {
    let Ok(v6) = bind("[::1]:0", &ListenOptions::default()) else { return };
    let port = port(&v6[0]);
    bind(&format!("127.0.0.1:{port}"), &ListenOptions::default()).unwrap();
    let any = bind("[::]:0", &ListenOptions::default()).unwrap();
    assert!(any[0].socket.only_v6().unwrap());
    let both = bind("*:0", &ListenOptions::default()).unwrap();
    assert!(!both[0].socket.only_v6().unwrap());
}

#[test]
fn siblings_share_a_port() {
    let options = ListenOptions { reuse_port: true, ..ListenOptions::default() };
    let first = bind("127.0.0.1:0", &options).unwrap().remove(0);
    assert_eq!(port(&first.sibling().unwrap()), port(&first));
}

#[test]
fn a_unix_socket_has_its_mode_and_goes_with_its_owner() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.sock");
    let text = format!("unix:{}", path.display());
    let options = ListenOptions { unix_mode: Some(0o600), ..ListenOptions::default() };
    let listener = bind(&text, &options).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(bind(&text, &options).unwrap_err().to_string().contains("in use"));
    drop(listener);
    assert!(!path.exists());
}

#[test]
fn a_stale_unix_socket_is_replaced_and_other_files_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.sock");
    let text = format!("unix:{}", path.display());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(bind(&text, &ListenOptions::default()).unwrap());

    std::fs::write(&path, "precious").unwrap();
    assert!(bind(&text, &ListenOptions::default()).unwrap_err().to_string().contains("not a socket"));
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn another_servers_socket_in_the_same_place_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.sock");
    let ours = bind(&format!("unix:{}", path.display()), &ListenOptions::default()).unwrap();
    std::fs::remove_file(&path).unwrap();
    let _theirs = std::os::unix::net::UnixListener::bind(&path).unwrap();
    drop(ours);
    assert!(path.exists());
}

#[test]
fn descriptors_that_are_no_listeners_are_refused() {
    for number in [0, 1, 2, 9999] {
        let error = bind(&format!("fd://{number}"), &ListenOptions::default()).unwrap_err();
        assert!(error.to_string().contains("not an open socket"), "{error}");
    }
    assert!(bind("systemd", &ListenOptions::default()).unwrap_err().to_string().contains("LISTEN_FDS"));
}

#[test]
fn a_descriptor_is_adopted_once() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let text = format!("fd://{}", socket.into_raw_fd());
    let listeners = bind(&text, &ListenOptions::default()).unwrap();
    assert_eq!(port(&listeners[0]), address.port());
    assert!(bind(&text, &ListenOptions::default()).unwrap_err().to_string().contains("given twice"));
    std::net::TcpStream::connect(address).unwrap();
}
