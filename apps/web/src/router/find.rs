use super::Route;
use super::endpoint::Endpoint;
use super::host::HostPattern;
use super::pattern::Pattern;
use crate::path::{Entered, local_path, normalize};
use crate::response::Render;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use transom::{BoxApp, HttpScope, Method, WebSocketScope};

/// All that a router knows.
#[derive(Clone, Default)]
pub(crate) struct Routes {
    pub(super) nodes: Vec<Node>,
    /// From the shape of a path, which knows nothing of kinds, to a slot.
    matcher: matchit::Router<usize>,
    shapes: HashMap<String, usize>,
    /// The nodes of each shape.
    slots: Vec<Vec<usize>>,
    /// The nodes that take the rest of a path, those first that say most. The matcher would not have them beside others.
    rests: Vec<usize>,
    pub(super) hosts: Vec<(HostPattern, BoxApp)>,
    pub(super) names: HashMap<String, usize>,
    pub(super) fallback: Option<Arc<dyn Endpoint<HttpScope>>>,
    pub(super) render: Option<Arc<Render>>,
    pub(super) keep_slashes: bool,
    pub(super) limit: Option<u64>,
    pub(super) lifespans: Vec<BoxApp>,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) pattern: Pattern,
    pub(super) target: Target,
    pub(super) limit: Option<u64>,
}

#[derive(Clone)]
pub(super) enum Target {
    Route(Route),
    Mount(BoxApp),
    Fallback(Arc<dyn Endpoint<HttpScope>>),
}

/// What there is for a request.
pub(super) enum Found<'a, S> {
    /// An endpoint, the node that has it, and the limit of request bodies.
    Endpoint(&'a dyn Endpoint<S>, usize, Option<u64>),
    /// An application, and the node that has it.
    Mount(&'a BoxApp, usize),
    Allow(String),
    NotAllowed(String),
    UpgradeRequired,
    Redirect(String),
    Nothing,
}

impl Routes {
    #[track_caller]
    pub(super) fn add(&mut self, pattern: Pattern, target: Target) {
        let is_route = matches!(target, Target::Route(_));
        let same = self.nodes.iter_mut().position(|node| is_route && node.pattern == pattern);
        let at = same.unwrap_or(self.nodes.len());
        if let Target::Route(Route { name: Some(name), .. }) = &target {
            let other = self.names.insert(name.clone(), at);
            assert!(other.is_none_or(|other| other == at), "two routes are called `{name}`");
        }
        match (self.nodes.get_mut(at).map(|node| &mut node.target), target) {
            (Some(Target::Route(route)), Target::Route(more)) => route.merge(more),
            (_, target) => {
                let slot = if pattern.rank().is_none() { Some(self.slot(pattern.shape())) } else { None };
                let limit = if let Target::Route(route) = &target { route.limit } else { None };
                self.nodes.push(Node { pattern, target, limit });
                match slot {
                    Some(slot) => self.slots[slot].push(at),
                    None => {
                        self.rests.push(at);
                        self.rests.sort_by_key(|node| self.nodes[*node].pattern.rank());
                    }
                }
            }
        }
        if let Target::Route(route) = &self.nodes[at].target {
            self.nodes[at].limit = route.limit;
        }
    }

    #[track_caller]
    fn slot(&mut self, shape: String) -> usize {
        if let Some(slot) = self.shapes.get(&shape) {
            return *slot;
        }
        let slot = self.slots.len();
        if let Err(error) = self.matcher.insert(shape.as_str(), slot) {
            panic!("`{shape}` cannot be told from another pattern: {error}");
        }
        self.slots.push(Vec::new());
        self.shapes.insert(shape, slot);
        slot
    }

    pub(crate) fn render(&self) -> Option<&Render> {
        self.render.as_deref()
    }

    /// The application for the host of a request.
    pub(super) fn host(&self, scope: &mut HttpScope) -> Option<&BoxApp> {
        if self.hosts.is_empty() {
            return None;
        }
        let host = std::str::from_utf8(scope.headers().get("host")?).ok()?.to_owned();
        let (app, params) = self.hosts.iter().find_map(|(pattern, app)| Some((app, pattern.matches(&host)?)))?;
        Entered::enter(params.into_iter(), scope);
        Some(app)
    }

    /// The pattern of a node.
    pub(crate) fn pattern(&self, node: usize) -> &Pattern {
        &self.nodes[node].pattern
    }

    /// Moves a scope to where the application of a node is mounted.
    pub(super) fn enter(&self, node: usize, scope: &mut HttpScope) {
        let pattern = self.pattern(node);
        let raw = local_path(scope);
        let mut slashes = raw.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        // The last segment of the pattern stands for all that is below.
        let prefix = raw[..slashes.nth(pattern.len() - 1).unwrap_or(raw.len())].to_vec();
        if let Some(path) = normalize(raw).filter(|_| pattern.has_names()) {
            let path = path.into_owned();
            Entered::enter(pattern.params(&path), scope);
        }
        scope.mount(&prefix);
    }

    /// What answers a request.
    pub(super) fn find(&self, scope: &HttpScope) -> Found<'_, HttpScope> {
        let raw = local_path(scope);
        if raw == b"*" {
            let routes = self.nodes.iter().filter_map(Node::route);
            return Found::Allow(list(routes.flat_map(Route::allowed)));
        }
        let Some(path) = normalize(raw) else { return Found::Nothing };
        let method = scope.method();
        let mut refused = Vec::new();
        for (at, node) in self.matching(&path) {
            match &node.target {
                Target::Mount(app) => return Found::Mount(app, at),
                Target::Fallback(endpoint) => return Found::Endpoint(&**endpoint, at, self.limit),
                Target::Route(route) => {
                    if let Some(endpoint) = route.endpoint(method) {
                        return Found::Endpoint(endpoint, at, node.limit.or(self.limit));
                    }
                    refused.push(route);
                    if *method == Method::Options && !route.is_socket_alone() {
                        break;
                    }
                }
            }
        }
        if refused.is_empty() {
            return self.redirect(scope, raw).map_or(Found::Nothing, Found::Redirect);
        }
        if refused.iter().all(|route| route.is_socket_alone()) {
            return Found::UpgradeRequired;
        }
        let allow = list(refused.into_iter().filter(|route| !route.is_socket_alone()).flat_map(Route::allowed));
        if *method == Method::Options { Found::Allow(allow) } else { Found::NotAllowed(allow) }
    }

    /// What serves a WebSocket: an endpoint, a mount or nothing.
    pub(super) fn find_socket(&self, scope: &HttpScope) -> Found<'_, WebSocketScope> {
        let raw = local_path(scope);
        let Some(path) = normalize(raw) else { return Found::Nothing };
        for (at, node) in self.matching(&path) {
            match &node.target {
                Target::Mount(app) => return Found::Mount(app, at),
                Target::Fallback(_) => {}
                Target::Route(route) => {
                    if let Some(socket) = &route.socket {
                        return Found::Endpoint(&**socket, at, None);
                    }
                }
            }
        }
        Found::Nothing
    }

    /// The nodes that match: those that the matcher finds, for who goes on others, and those that take the rest.
    fn matching<'a, 'p>(&'a self, path: &'p str) -> impl Iterator<Item = (usize, &'a Node)> + use<'a, 'p> {
        let first: &[usize] = self.matcher.at(path).map_or(&[], |found| &self.slots[*found.value]);
        // Where it finds nothing there is nothing: shapes are wider than patterns.
        let all = if first.is_empty() { 0..0 } else { 0..self.nodes.len() };
        let others = all.filter(|node| !first.contains(node) && !self.rests.contains(node));
        first
            .iter()
            .copied()
            .chain(others)
            .chain(self.rests.iter().copied())
            .map(|at| (at, &self.nodes[at]))
            .filter(|(_, node)| node.pattern.matches(path))
    }

    /// Where the same path with one slash more or less at its end would lead, if there is a route.
    fn redirect(&self, scope: &HttpScope, raw: &[u8]) -> Option<String> {
        let other = match raw.strip_suffix(b"/") {
            _ if self.keep_slashes || raw == b"/" => return None,
            Some(shorter) => shorter.to_vec(),
            None => [raw, b"/"].concat(),
        };
        let path = normalize(&other)?;
        self.matching(&path).find(|(_, node)| node.route().is_some_and(|route| !route.is_socket_alone()))?;
        let mut location = [scope.root_path(), &other].concat();
        // It would be the name of another host (RFC 3986 section 4.2).
        if location.starts_with(b"//") {
            return None;
        }
        if let Some(query) = scope.query() {
            location.push(b'?');
            location.extend_from_slice(query);
        }
        String::from_utf8(location).ok()
    }
}

impl Node {
    fn route(&self) -> Option<&Route> {
        if let Target::Route(route) = &self.target { Some(route) } else { None }
    }
}

/// The members of an `allow` field, each once.
fn list<'a>(methods: impl Iterator<Item = &'a str>) -> String {
    methods.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(route) => route.fmt(f),
            Self::Mount(_) => f.write_str("Mount"),
            Self::Fallback(_) => f.write_str("Fallback"),
        }
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.nodes).finish()
    }
}
