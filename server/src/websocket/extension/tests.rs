use super::*;
use DeflateMode::{ContextTakeover, Off, PerMessage};
use proptest::prelude::*;

/// The response's field, if something was agreed on.
fn answer_to(fields: &[&str], mode: DeflateMode) -> Result<Option<String>, Malformed> {
    let headers: Headers = fields.iter().map(|value| ("sec-websocket-extensions", value)).collect();
    Ok(agree(&headers, mode)?.map(|agreed| {
        let mut out = Vec::new();
        agreed.write(&mut out);
        String::from_utf8(out).expect("a token")
    }))
}

fn answer(field: &str) -> Option<String> {
    answer_to(&[field], ContextTakeover).expect(field)
}

#[test]
fn nothing_is_agreed_on_without_an_offer() {
    assert_eq!(answer_to(&[], ContextTakeover), Ok(None));
    assert_eq!(answer("x-webkit-deflate-frame, permessage-bzip2; permessage-deflate"), None);
    // The names are those that are registered, to the letter.
    assert_eq!(answer("Permessage-Deflate"), None);
}

#[test]
fn the_mode_decides_where_the_offer_leaves_it_open() {
    let plain = "permessage-deflate";
    let none = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    assert_eq!(answer_to(&[plain], Off), Ok(None));
    assert_eq!(answer_to(&[plain], PerMessage).unwrap().as_deref(), Some(none));
    assert_eq!(answer_to(&[none], PerMessage).unwrap().as_deref(), Some(none));
    assert_eq!(answer_to(&[plain], ContextTakeover).unwrap().as_deref(), Some(plain));
    let limits = "permessage-deflate; client_max_window_bits=10; server_max_window_bits=9";
    assert_eq!(
        answer_to(&[limits], PerMessage).unwrap().as_deref(),
        Some(&*format!("{none}; server_max_window_bits=9; client_max_window_bits=10"))
    );
}

#[test]
fn parameters_are_answered() {
    for (offered, answered) in [
        ("; server_no_context_takeover", "; server_no_context_takeover"),
        ("; client_no_context_takeover", "; client_no_context_takeover"),
        ("; server_max_window_bits=9", "; server_max_window_bits=9"),
        ("; server_max_window_bits=10", "; server_max_window_bits=10"),
        ("; server_max_window_bits=15", "; server_max_window_bits=15"),
        ("; client_max_window_bits", ""),
        ("; client_max_window_bits=15", ""),
        ("; client_max_window_bits=14", "; client_max_window_bits=14"),
        ("; client_max_window_bits=8", "; client_max_window_bits=8"),
        (
            "; client_max_window_bits=9; server_max_window_bits=12; client_no_context_takeover; \
             server_no_context_takeover",
            "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; \
             client_max_window_bits=9",
        ),
    ] {
        assert_eq!(answer(&format!("permessage-deflate{offered}")), Some(format!("permessage-deflate{answered}")));
    }
}

#[test]
fn an_offer_with_a_bad_parameter_is_declined_and_the_next_one_tried() {
    let bad = [
        "x",
        "x=1",
        "Server_No_Context_Takeover",
        "server_no_context_takeover=1",
        "client_no_context_takeover=true",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits; client_max_window_bits=10",
        "client_max_window_bits=10; client_max_window_bits",
        "server_max_window_bits",
        "server_max_window_bits=8",
        "server_max_window_bits=10; x",
        "x; server_max_window_bits=10",
    ];
    let limits = ["0", "7", "16", "08", "010", "1", "+9", "-9", "9.", "a", "99", "256", "265", "100"];
    let limits = limits.iter().flat_map(|bits| ["server", "client"].map(|end| format!("{end}_max_window_bits={bits}")));
    for parameters in bad.map(str::to_owned).into_iter().chain(limits) {
        let offer = format!("permessage-deflate; {parameters}");
        assert_eq!(answer(&offer), None, "{offer}");
        let next = "permessage-deflate; client_max_window_bits=11";
        assert_eq!(answer(&format!("{offer}, {next}, permessage-deflate")).as_deref(), Some(next), "{offer}");
    }
}

#[test]
fn the_first_offer_counts_over_all_fields() {
    let answer = |fields: &[&str]| answer_to(fields, ContextTakeover);
    let (first, second) = ("permessage-deflate; server_max_window_bits=10", "permessage-deflate");
    assert_eq!(answer(&[first, second]).unwrap().as_deref(), Some(first));
    assert_eq!(answer(&[second, first]).unwrap().as_deref(), Some(second));
    assert_eq!(answer(&["x;y=z", "", first, second]).unwrap().as_deref(), Some(first));
}

#[test]
fn the_grammar() {
    let agreed = Some("permessage-deflate; server_max_window_bits=10".to_owned());
    for field in [
        "permessage-deflate;server_max_window_bits=10",
        "permessage-deflate;server_max_window_bits=\"10\"",
        r#"permessage-deflate;server_max_window_bits="1\0""#,
        "\tpermessage-deflate\t ; \tserver_max_window_bits \t= \t10 \t",
        " , ,permessage-deflate; server_max_window_bits = \"10\" , ,",
        r#"a;b="c",permessage-deflate;server_max_window_bits=10,a;b;c=d;e="\f""#,
    ] {
        assert_eq!(answer(field), agreed, "{field}");
    }
}

#[test]
fn what_does_not_fit_the_grammar_is_malformed_whatever_the_mode() {
    for field in [
        "",
        " ,\t,",
        ";",
        "=",
        "\"a\"",
        "a b",
        "a b;c",
        "a/b",
        "a=b",
        "a;",
        "a;,b",
        "a;;b",
        "a; ;b",
        "a;=b",
        "a;b=",
        "a;b=,c",
        "a;b=c d",
        "a;b==c",
        "a;b=c=d",
        "a;b c",
        "a;b=\"",
        "a;b=\"c",
        r#"a;b="c\"#,
        r#"a;b="c\""#,
        r#"a;b="\"""#,
        "a;b=\"\"",
        "a;b=\"c d\"",
        "a;b=\"c,d\"",
        "a;b=\"c\"d",
        "a;b=\"c\"\"d\"",
        "a;b='c d'",
        "a;\"b\"=c",
        "\u{e4}",
        "a;b=\u{e4}",
        "a;b=\"\u{e4}\"",
    ] {
        for mode in [Off, PerMessage, ContextTakeover] {
            assert_eq!(answer_to(&[field], mode), Err(Malformed), "{field}");
            if !field.trim_matches([' ', '\t', ',']).is_empty() {
                let behind = format!("permessage-deflate, {field}");
                assert_eq!(answer_to(&[&behind], mode), Err(Malformed), "{behind}");
                assert_eq!(answer_to(&["permessage-deflate", field], mode), Err(Malformed), "{field}");
            }
        }
    }
}

#[test]
fn what_the_codec_is_to_know() {
    let agreed = |parameters: &str| {
        let headers = [("sec-websocket-extensions", format!("permessage-deflate{parameters}"))];
        let agreed = agree(&headers.into_iter().collect(), ContextTakeover).unwrap().unwrap();
        (agreed.server_context_takeover(), agreed.client_context_takeover(), agreed.server_window_bits())
    };
    assert_eq!(agreed(""), (true, true, 15));
    assert_eq!(agreed("; server_no_context_takeover; client_max_window_bits=9"), (false, true, 15));
    assert_eq!(agreed("; client_no_context_takeover; server_max_window_bits=9"), (true, false, 9));
}

proptest! {
    #[test]
    fn what_is_answered_is_an_offer_that_is_answered_alike(
        words in prop::collection::vec(prop::sample::select(vec![
            "permessage-deflate", "permessage-deflate", ";", ";", ";", "=", ",", "\"", "\\", " ", "8", "9", "10", "15",
            "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits",
            "client_max_window_bits", "x",
        ]), 0..16),
    ) {
        for mode in [PerMessage, ContextTakeover] {
            if let Ok(Some(answered)) = answer_to(&[&words.concat()], mode) {
                prop_assert_eq!(answer_to(&[&answered], mode), Ok(Some(answered)));
            }
        }
    }

    #[test]
    fn quoting_changes_nothing(value in "[a-z0-9]{1,3}", escaped in any::<bool>()) {
        let field = |value: &str| format!("permessage-deflate; server_max_window_bits={value}");
        let quoted: String = value.chars().flat_map(|each| escaped.then_some('\\').into_iter().chain([each])).collect();
        prop_assert_eq!(answer(&field(&format!("\"{quoted}\""))), answer(&field(&value)));
    }
}
