use super::*;
use serde::Deserialize;
use std::collections::BTreeMap;

fn texts<'a>(pairs: &'a [(&str, &str)]) -> impl Iterator<Item = Named<'a>> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()))
}

#[test]
fn pairs_are_those_of_a_form() {
    for text in ["", "a=1&b=2", "a", "=1", "&&a==b&", "ü=1", "a=%C3%BC+x&b=%&c=\u{1}"] {
        let expected: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
        assert_eq!(pairs(text.as_bytes()).collect::<Vec<_>>(), expected, "{text}");
    }
    assert_eq!(pairs(b"a=\xff").collect::<Vec<_>>(), [("a".into(), "\u{fffd}".into())]);
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Order {
    Up,
    Down,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Search {
    limit: u8,
    order: Option<Order>,
    #[serde(default)]
    tag: Vec<String>,
    #[serde(default)]
    all: bool,
}

#[test]
fn members_of_a_struct() {
    let found: Search =
        members(texts(&[("tag", "a"), ("limit", "7"), ("x", "y"), ("tag", "b"), ("order", "down")]), Part::Query)
            .unwrap();
    let tag = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(found, Search { limit: 7, order: Some(Order::Down), tag, all: false });
    let map: BTreeMap<String, u8> = members(texts(&[("a", "1"), ("b", "2")]), Part::Query).unwrap();
    assert_eq!(map, [("a".to_owned(), 1), ("b".to_owned(), 2)].into());
}

#[test]
fn many_names() {
    let names: Vec<_> = (0..200_000).map(|name| (name % 150_000).to_string()).collect();
    let texts = names.iter().map(|name| (Cow::from(&**name), Cow::from("x")));
    let found: BTreeMap<String, Vec<String>> = members(texts, Part::Body).unwrap();
    let several = found.values().filter(|values| values.len() == 2).count();
    assert_eq!((found.len(), several), (150_000, 50_000));
}

#[test]
fn faults_have_their_place() {
    for (pairs, at) in [
        (&[][..], "limit"),
        (&[("limit", "256")], "limit"),
        (&[("limit", "1"), ("limit", "2")], "limit"),
        (&[("limit", "1"), ("order", "left")], "order"),
        (&[("limit", "1"), ("all", "maybe")], "all"),
    ] {
        let problem = members::<Search>(texts(pairs), Part::Query).unwrap_err();
        let fault = &problem.faults()[0];
        assert_eq!((problem.status(), fault.part, &*fault.at), (422, Part::Query, at), "{fault:?}");
    }
}

#[test]
fn what_is_refused_once_it_is_read_has_its_place() {
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "u8")]
    struct Even(#[allow(dead_code, reason = "it is never made")] u8);

    impl TryFrom<u8> for Even {
        type Error = &'static str;

        fn try_from(_: u8) -> Result<Self, &'static str> {
            Err("it is odd")
        }
    }

    #[derive(Debug, Deserialize)]
    struct Page {
        #[allow(dead_code, reason = "it is never made")]
        limit: Even,
    }

    let texts = || texts(&[("limit", "1")]);
    for problem in [members::<Page>(texts(), Part::Query), values::<Page>(texts(), Part::Path)] {
        let problem = problem.unwrap_err();
        assert_eq!((&*problem.faults()[0].at, &*problem.faults()[0].message), ("limit", "it is odd"));
    }
}

#[test]
fn values_by_position_and_by_name() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Place {
        board: u64,
        card: String,
    }
    let pairs = || texts(&[("board", "7"), ("card", "x")]);
    assert_eq!(values::<(u64, String)>(pairs(), Part::Path).unwrap(), (7, "x".into()));
    assert_eq!(values::<Place>(pairs(), Part::Path).unwrap(), Place { board: 7, card: "x".into() });
    assert_eq!(values::<u64>(texts(&[("board", "7")]), Part::Path).unwrap(), 7);
    assert_eq!(values::<Vec<String>>(pairs(), Part::Path).unwrap(), ["7", "x"]);
    assert!(values::<u64>(pairs(), Part::Path).is_err());
    let problem = values::<(u64, u64)>(pairs(), Part::Path).unwrap_err();
    assert_eq!(problem.faults()[0].at, "card");
}
