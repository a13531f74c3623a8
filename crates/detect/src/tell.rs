//! From what is known of a track to revisions of alerts: what people were told is held against what
//! is so now, and the difference is told.

use alloc::sync::Arc;
use alloc::vec::Vec;

use model::alert::{
    Alert, AlertKey, AlertKind, Cause, Changed, Conflict, DarkHop, FactTold, Finding, Grade, InReach, Notice,
    PortReach, Severity, Status, Told, Vessel, Withheld,
};
use model::hash::mix;
use model::time::DAY_MS;
use model::{
    EventTime, Fact, FactChange, FactKey, FactKind, Fix, Origin, PortIndex, Rare, Silence, StaticKey,
    TimeSpan, VisitClass,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::dark::{Episode, KEEP_MS};
use crate::silence::extent;
use crate::visit::Visited;
use crate::watch::{Effect, Watch, stronger};
use crate::{Chart, Story};

/// What was told is remembered this long after it is over; facts can be revised for four days.
const REMEMBER_MS: i64 = KEEP_MS + DAY_MS;
/// Candidates that count for the severity of a hop.
const LIKELY: usize = 5;
/// Ports and routes remembered of one ship.
const MAX_HABITS: usize = 16;

/// What people were told of one track.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Teller {
    told: Rare<Entry>,
    /// Visits and hops as they are, as far as alerts may come of them.
    facts: Rare<Noted>,
    /// Ports at which the ship had called before those, and how often.
    called: Calls,
    /// Hops that it had made before those.
    routes: Rare<Route>,
    /// The state of the story that was told last.
    version: u64,
}

/// A visit or hop as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Noted {
    Visit(Visited),
    Hop(Arc<FactTold>),
}

impl Noted {
    fn hop(&self) -> Option<(&Arc<FactTold>, &model::Hop)> {
        match self {
            Noted::Hop(told) => Some((told, hop_of(told)?)),
            Noted::Visit(_) => None,
        }
    }

    /// When a call began, and where.
    fn call(&self) -> Option<(EventTime, PortIndex)> {
        match self {
            Noted::Visit(visit) => visit.is_call().then(|| (visit.first().t, visit.port())),
            Noted::Hop(_) => None,
        }
    }

    /// When it was over, if it is.
    fn ended(&self) -> Option<EventTime> {
        match self {
            Noted::Visit(visit) => visit.ended(),
            Noted::Hop(told) => Some(extent(&told.fact).end),
        }
    }

    /// Whether it is of this key of its track.
    fn has(&self, key: &FactKey) -> bool {
        match self {
            Noted::Visit(visit) => {
                (key.kind, key.start, key.port) == (FactKind::Visit, visit.first().t, Some(visit.port()))
            }
            Noted::Hop(told) => told.key == *key,
        }
    }
}

/// There are several for each of a million ships.
const _: () = assert!(size_of::<Noted>() <= 72);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Route {
    from: PortIndex,
    to: PortIndex,
    hops: u32,
    /// How many of them in the dark.
    dark: u32,
}

/// Ports, and how often a ship has called there.
type Calls = SmallVec<[(PortIndex, u32); 2]>;

/// An alert as told last.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    key: AlertKey,
    id: u64,
    revision: u32,
    print: u64,
    span: TimeSpan,
    status: Status,
    severity: Severity,
    finding: Finding,
}

/// What is so now.
struct Current<'a> {
    key: AlertKey,
    span: TimeSpan,
    is_over: bool,
    print: u64,
    subject: Subject<'a>,
}

enum Subject<'a> {
    Dark(&'a Episode, Grade),
    InReach(&'a Episode, Grade, usize, PortReach, u32),
    DarkHop(Leg<'a>),
    Withheld(&'a Withheld),
    Changed(&'a Silence),
    Continued(&'a Episode, model::Mmsi),
    Fact(Arc<FactTold>),
}

/// A way from a port, with dark periods on it.
struct Leg<'a> {
    from: PortIndex,
    departure: Fix,
    hop: Option<&'a Arc<FactTold>>,
    episodes: Vec<&'a Episode>,
    /// That of them with the highest grade and score.
    best: (&'a Episode, Grade),
}

/// Who tells, and of whom.
struct Scene<'a, C: Chart> {
    story: &'a Story,
    chart: &'a C,
    listed: SmallVec<[u32; 1]>,
    now: EventTime,
    /// Where it had called, and how often, before the calls that are remembered one by one.
    called: &'a Calls,
    /// Those: when it came in, and where.
    calls: Vec<(EventTime, PortIndex)>,
}

impl Teller {
    /// The story was run again: all of it is looked at.
    pub fn renew(&mut self) {
        self.version = 0;
    }

    /// Takes in a change of a visit or hop.
    pub fn note(&mut self, change: &FactChange) {
        if change.key.kind == FactKind::Silence {
            return;
        }
        self.version = 0;
        self.facts.retain(|noted| !noted.has(&change.key));
        let (key, ambiguous) = (change.key, change.ambiguous);
        let noted = change.fact.as_ref().map(|fact| match fact {
            Fact::Visit(visit) => Noted::Visit(Visited::of(visit, ambiguous)),
            Fact::Hop(_) | Fact::Silence(_) => {
                Noted::Hop(Arc::new(FactTold { key, fact: fact.clone(), ambiguous, provisional: false }))
            }
        });
        noted.into_iter().for_each(|noted| self.facts.push(noted));
    }

    /// Tells what differs from what was told: `at` is when it was decided, `told` when it is known.
    pub fn tell(
        &mut self,
        story: &Story,
        (at, told): (EventTime, EventTime),
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        let version = story.version();
        if self.version == version || self.is_idle(story) {
            return;
        }
        self.version = version;
        let mut entries = self.told.edit(core::mem::take);
        let scene = Scene::new(story, chart, story.judge().clock(), (&self.called, self.calls()));
        let now = scene.now;
        let currents = self.currents(&scene);
        self.renew_keys(&mut entries, &currents);
        for current in &currents {
            let entry = entries.iter_mut().find(|entry| entry.key == current.key);
            let status = match (&entry, current.is_over) {
                (_, true) => Status::Closed,
                (None, false) => Status::Open,
                (Some(_), false) => Status::Updated,
            };
            let print = mix(current.print, scene.listed.len() as u64);
            if let Some(entry) = entry {
                if entry.print == print && entry.status != Status::Retracted {
                    continue;
                }
                // What was told before a rule muted it is told to its end.
                let severity = match scene.severity_of(current) {
                    Some(severity) => severity,
                    None if entry.status == Status::Retracted => continue,
                    None => entry.severity,
                };
                entry.revision += 1;
                entry.severity = entry.severity.max(severity);
                (entry.print, entry.span, entry.status) = (print, current.span, status);
                entry.finding = self.finding(current, &scene);
                out.push(scene.alert(entry, (at, told), inputs(&current.subject)));
            } else {
                let Some(severity) = scene.severity_of(current) else { continue };
                let port = current.key.port.map_or("", |port| chart.ports().get(port).id.as_str());
                // An alert that has moved on under another anchor keeps the id of this one.
                let mut id = current.key.id(port);
                while entries.iter().any(|entry| entry.id == id) {
                    id = mix(id, 1);
                }
                let entry = Entry {
                    key: current.key,
                    id,
                    revision: 0,
                    print,
                    span: current.span,
                    status,
                    severity,
                    finding: self.finding(current, &scene),
                };
                out.push(scene.alert(&entry, (at, told), inputs(&current.subject)));
                entries.push(entry);
            }
        }
        let forgotten = story.judge().forgotten();
        entries.retain_mut(|entry| {
            let is_old = entry.span.end.0 + REMEMBER_MS < now.0;
            if currents.iter().any(|current| current.key == entry.key) {
                return true;
            }
            let is_forgotten = entry.key.start <= forgotten || entry.span.end.0 + KEEP_MS < now.0;
            let is_settled = is_old || entry.status == Status::Closed && is_forgotten;
            if !is_settled && entry.status != Status::Retracted {
                entry.status = scene.vanished(entry);
                entry.revision += 1;
                out.push(scene.alert(entry, (at, told), SmallVec::new()));
            }
            !is_old
        });
        self.told = entries.into();
        self.settle(now);
    }

    /// The track was a false fix: all that was told of it was none.
    pub fn take_back(
        &mut self,
        story: &Story,
        times: (EventTime, EventTime),
        chart: &impl Chart,
        out: &mut Vec<Told>,
    ) {
        let scene = Scene::new(story, chart, story.judge().clock(), (&self.called, self.calls()));
        let entries = self.told.edit(core::mem::take);
        for mut entry in entries.into_iter().filter(|entry| entry.status != Status::Retracted) {
            (entry.status, entry.revision) = (Status::Retracted, entry.revision + 1);
            out.push(scene.alert(&entry, times, SmallVec::new()));
        }
    }

    fn is_idle(&self, story: &Story) -> bool {
        self.told.is_empty() && self.facts.is_empty() && story.is_plain()
    }

    /// An alert that goes on under another anchor keeps its identity.
    fn renew_keys(&self, entries: &mut [Entry], currents: &[Current<'_>]) {
        for current in currents {
            if entries.iter().any(|entry| entry.key == current.key) {
                continue;
            }
            let is_successor = |entry: &&mut Entry| {
                entry.key.kind == current.key.kind
                    && entry.key.port == current.key.port
                    && entry.span.overlap_ms(current.span) > 0
                    && currents.iter().all(|other| other.key != entry.key)
            };
            if let Some(entry) = entries.iter_mut().find(is_successor) {
                // Told anew, under the anchor that it has now.
                (entry.key, entry.print) = (current.key, 0);
            }
        }
    }

    fn currents<'a, C: Chart>(&'a self, scene: &Scene<'a, C>) -> Vec<Current<'a>> {
        let mut currents = Vec::new();
        for noted in &*self.facts {
            currents.extend(match noted {
                Noted::Visit(visit) => scene.visit(visit),
                Noted::Hop(told) => scene.fact(Arc::clone(told)),
            });
        }
        for fact in scene.story.provisional_hops(scene.chart) {
            if currents.iter().all(|current| current.key != scene.fact_key(&fact)) {
                currents.extend(scene.fact(Arc::new(fact)));
            }
        }
        for episode in scene.story.judge().episodes() {
            if let Some(grade) = episode.grade() {
                currents.push(scene.dark(episode, grade));
                currents.extend(scene.in_reach(episode, grade));
                currents.extend(scene.continued(episode));
            }
        }
        currents.extend(self.dark_hops(scene));
        currents.extend(scene.story.withheld().map(|(spell, over)| scene.withheld(spell, over)));
        let changed: Vec<Current<'a>> =
            scene.story.changes().iter().map(|silence| scene.changed(silence)).collect();
        // One silence, one alert: that it has another name now says more than that somebody else has its number.
        currents.retain(|current| changed.iter().all(|other| other.key != current.key));
        currents.extend(changed);
        currents
    }

    fn dark_hops<'a, C: Chart>(&'a self, scene: &Scene<'a, C>) -> Vec<Current<'a>> {
        let judge = scene.story.judge();
        let least = if scene.listed.is_empty() { Grade::Probable } else { Grade::Suspected };
        let is_dark = |episode: &&Episode| {
            episode.grade().is_some_and(|grade| grade >= least) && episode.cause() == Cause::Vessel
        };
        let dark: Vec<&Episode> = judge.episodes().iter().filter(is_dark).collect();
        if dark.is_empty() {
            return Vec::new();
        }
        let mut currents = Vec::new();
        for (told, hop) in self.facts.iter().filter_map(Noted::hop) {
            let way = TimeSpan { start: hop.departure.t, end: hop.arrival.t };
            let on_the_way = |episode: &&&Episode| episode.span(scene.now).overlap_ms(way) > 0;
            let episodes: Vec<&Episode> = dark.iter().filter(on_the_way).copied().collect();
            let leg = Leg::new((hop.from, hop.departure), Some(told), episodes);
            currents.extend(leg.map(|leg| scene.dark_hop(leg)));
        }
        // The open leg: no call since the last port, and it went dark on the way.
        if let Some((from, departure)) = scene.story.last_call(scene.now) {
            let since = |episode: &&&Episode| episode.anchor().t >= departure.t;
            let episodes: Vec<&Episode> = dark.iter().filter(since).copied().collect();
            let is_known = currents.iter().any(|current| current.key.start == departure.t);
            if !is_known {
                let leg = Leg::new((from, departure), None, episodes);
                currents.extend(leg.map(|leg| scene.dark_hop(leg)));
            }
        }
        currents
    }

    fn finding<C: Chart>(&self, current: &Current<'_>, scene: &Scene<'_, C>) -> Finding {
        match &current.subject {
            Subject::Dark(episode, grade) => {
                let mut period =
                    episode.period(*grade, scene.now, &scene.called_before(episode.anchor().t), scene.chart);
                period.ambiguous = scene.story.is_ambiguous_within(episode.span(scene.now));
                Finding::Dark(Arc::new(period))
            }
            Subject::InReach(episode, grade, part, reach, rank) => Finding::InReach(Arc::new(InReach {
                start: episode.parts[*part].start.fix,
                reach: *reach,
                speed: episode.reach_speed(*part),
                rank: *rank,
                grade: *grade,
                score: episode.score(),
                candidates: episode.candidates(
                    scene.now,
                    &scene.called_before(episode.anchor().t),
                    scene.chart,
                ),
                end: episode.parts[*part].end,
            })),
            Subject::DarkHop(leg) => Finding::DarkHop(Arc::new(self.dark_hop(leg, scene))),
            Subject::Withheld(spell) => Finding::Withheld(**spell),
            Subject::Changed(silence) => Finding::Changed(Arc::new(Changed {
                start: silence.start,
                end: Some(silence.end),
                before: Arc::new(silence.static_before.clone()),
                after: Arc::new(silence.static_after.clone()),
                keys: silence.changed(),
                continued_as: None,
            })),
            Subject::Continued(episode, mmsi) => Finding::Changed(Arc::new(Changed {
                start: episode.anchor(),
                end: None,
                before: Arc::clone(scene.story.statics()),
                after: Arc::clone(scene.story.statics()),
                keys: Vec::new(),
                continued_as: Some(*mmsi),
            })),
            Subject::Fact(fact) => Finding::Fact(Arc::clone(fact)),
        }
    }

    fn dark_hop<C: Chart>(&self, leg: &Leg<'_>, scene: &Scene<'_, C>) -> DarkHop {
        let (best, grade) = leg.best;
        let to = leg.hop.and_then(hop_of).map(|hop| hop.to);
        let is_same = |from: PortIndex, other: PortIndex| from == leg.from && Some(other) == to;
        let settled = self.routes.iter().find(|route| is_same(route.from, route.to));
        let others = self.facts.iter().filter_map(Noted::hop).filter(|(_, hop)| is_same(hop.from, hop.to));
        let (mut earlier, mut dark) = settled.map_or((0, 0), |route| (route.hops, route.dark));
        for (_, other) in others.filter(|(_, hop)| hop.departure.t < leg.departure.t) {
            (earlier, dark) = (earlier + 1, dark + u32::from(other.through_silence));
        }
        DarkHop {
            hop: leg.hop.cloned(),
            from: leg.from,
            departure: leg.departure,
            periods: leg.episodes.iter().map(|episode| episode.span(scene.now)).collect(),
            grade,
            score: best.score(),
            candidates: best.candidates(scene.now, &scene.called_before(best.anchor().t), scene.chart),
            is_new_route: earlier == 0,
            same_before: dark,
        }
    }

    /// The calls among the facts: when they began, and where.
    fn calls(&self) -> Vec<(EventTime, PortIndex)> {
        self.facts.iter().filter_map(Noted::call).collect()
    }

    fn count_hop(&mut self, from: PortIndex, to: PortIndex, is_dark: bool) {
        let known = self.routes.iter_mut().find(|route| route.from == from && route.to == to);
        if let Some(route) = known {
            (route.hops, route.dark) = (route.hops + 1, route.dark + u32::from(is_dark));
            return;
        }
        if self.routes.len() == MAX_HABITS {
            self.routes.edit(|routes| routes.remove(0));
        }
        self.routes.push(Route { from, to, hops: 1, dark: u32::from(is_dark) });
    }

    /// Forgets facts that can change no more.
    fn settle(&mut self, now: EventTime) {
        let mut settled: SmallVec<[Noted; 1]> = SmallVec::new();
        self.facts.retain(|noted| {
            let keep = noted.ended().is_none_or(|end| end.0 + REMEMBER_MS >= now.0);
            if !keep {
                settled.push(noted.clone());
            }
            keep
        });
        for noted in settled {
            if let Some((_, hop)) = noted.hop() {
                self.count_hop(hop.from, hop.to, hop.through_silence);
            } else if let Some((_, port)) = noted.call() {
                count_call(&mut self.called, port);
            }
        }
    }
}

impl<'a> Leg<'a> {
    /// `None` without a dark period on the way.
    fn new(
        (from, departure): (PortIndex, Fix),
        hop: Option<&'a Arc<FactTold>>,
        episodes: Vec<&'a Episode>,
    ) -> Option<Leg<'a>> {
        let graded = episodes.iter().filter_map(|episode| Some((*episode, episode.grade()?)));
        let best = graded.max_by(|(a, a_grade), (b, b_grade)| {
            a_grade.cmp(b_grade).then(a.score().total_cmp(&b.score()))
        })?;
        Some(Leg { from, departure, hop, episodes, best })
    }
}

impl<'a, C: Chart> Scene<'a, C> {
    fn new(
        story: &'a Story,
        chart: &'a C,
        now: EventTime,
        (called, calls): (&'a Calls, Vec<(EventTime, PortIndex)>),
    ) -> Scene<'a, C> {
        let listed = chart.watch().listed(story.statics().imo, story.track().mmsi, now);
        Scene { story, chart, listed, now, called, calls }
    }

    /// Where it had called by a time, and how often.
    fn called_before(&self, t: EventTime) -> Calls {
        let mut called = self.called.clone();
        let earlier = self.calls.iter().filter(|(began, _)| *began < t);
        earlier.for_each(|(_, port)| count_call(&mut called, *port));
        called
    }

    fn key(&self, kind: AlertKind, start: EventTime, port: Option<PortIndex>) -> AlertKey {
        AlertKey { kind, track: Some(self.story.track()), start, port }
    }

    fn fact_key(&self, told: &FactTold) -> AlertKey {
        let kind = match &told.fact {
            Fact::Hop(_) => AlertKind::Hop,
            Fact::Visit(_) | Fact::Silence(_) => AlertKind::Visit,
        };
        self.key(kind, told.key.start, told.key.port)
    }

    fn watch(&self) -> &'a Watch {
        self.chart.watch()
    }

    /// How urgent something is, by the rules that match; `None` if one mutes it.
    fn severity(&self, base: Severity, effects: &[Option<Effect>]) -> Option<Severity> {
        let own = Effect { severity: base, mute: false };
        let ship = self.watch().ship_effect(&self.listed);
        let whole = effects.iter().copied().chain([ship]).flatten().fold(own, stronger);
        (!whole.mute).then_some(whole.severity)
    }

    fn alert(
        &self,
        entry: &Entry,
        (at, told): (EventTime, EventTime),
        inputs: SmallVec<[Origin; 2]>,
    ) -> Told {
        let vessel = Vessel {
            track: self.story.track(),
            statics: Arc::clone(self.story.statics()),
            listed: self.listed.clone(),
        };
        Told::Alert(Arc::new(Alert {
            id: entry.id,
            revision: entry.revision,
            key: entry.key,
            status: entry.status,
            severity: entry.severity,
            at,
            told: told.max(at),
            vessel: Some(vessel),
            finding: entry.finding.clone(),
            inputs,
        }))
    }

    /// What becomes of an alert whose matter is no more: a leg that led nowhere is over, all else was none.
    fn vanished(&self, entry: &Entry) -> Status {
        let is_dark = |period: &TimeSpan| {
            let episodes = self.story.judge().episodes().iter();
            // What is forgotten was so to the end.
            let is_forgotten = period.end.0 + KEEP_MS < self.now.0;
            is_forgotten
                || episodes
                    .filter(|episode| episode.is_told())
                    .any(|episode| episode.span(self.now).overlap_ms(*period) > 0)
        };
        match &entry.finding {
            Finding::DarkHop(leg) if leg.hop.is_none() && leg.periods.iter().any(is_dark) => Status::Closed,
            Finding::Dark(_)
            | Finding::Fact(_)
            | Finding::DarkHop(_)
            | Finding::InReach(_)
            | Finding::Withheld(_)
            | Finding::Conflict(_)
            | Finding::Changed(_)
            | Finding::Notice(_)
            | Finding::Sighting(_) => Status::Retracted,
        }
    }

    fn dark(&self, episode: &'a Episode, grade: Grade) -> Current<'a> {
        Current {
            key: self.key(AlertKind::Dark, episode.parts[0].start.heard, None),
            span: episode.span(self.now),
            is_over: episode.is_over(),
            print: episode.print(self.now, self.chart),
            subject: Subject::Dark(episode, grade),
        }
    }

    fn in_reach(&self, episode: &'a Episode, grade: Grade) -> impl Iterator<Item = Current<'a>> {
        let (track, now) = (self.story.track(), self.now);
        episode.listed_in_reach(now, self.chart).into_iter().map(move |(part, reach, rank)| {
            let start = episode.parts[part].start.heard;
            let until = episode.parts[part].until;
            let is_over = until.is_some() || episode.is_over();
            let from = episode.parts[part].start.fix.t.0 as u64;
            let end = episode.parts[part].end.map_or(0, |end| end.t.0 as u64);
            Current {
                key: AlertKey { kind: AlertKind::InReach, track: Some(track), start, port: Some(reach.port) },
                span: TimeSpan { start, end: until.unwrap_or(now) },
                is_over,
                print: [from, end, u64::from(is_over)].into_iter().fold(0, mix),
                subject: Subject::InReach(episode, grade, part, reach, rank),
            }
        })
    }

    fn continued(&self, episode: &'a Episode) -> Option<Current<'a>> {
        let (t, mmsi) = episode.continued_as?;
        Some(Current {
            key: self.key(AlertKind::IdentityChanged, episode.parts[0].start.heard, None),
            span: TimeSpan { start: episode.parts[0].start.heard, end: t },
            is_over: episode.is_over(),
            print: mix(u64::from(mmsi.0), u64::from(episode.is_over())),
            subject: Subject::Continued(episode, mmsi),
        })
    }

    fn dark_hop(&self, leg: Leg<'a>) -> Current<'a> {
        let hop = leg.hop.and_then(hop_of);
        Current {
            key: self.key(AlertKind::DarkHop, leg.departure.t, None),
            span: TimeSpan { start: leg.departure.t, end: hop.map_or(self.now, |hop| hop.arrival.t) },
            is_over: hop.is_some(),
            print: [leg.best.1 as u64, leg.episodes.len() as u64, u64::from(hop.is_some())]
                .into_iter()
                .chain(hop.map(|hop| hop.arrival.t.0 as u64))
                .fold(0, mix),
            subject: Subject::DarkHop(leg),
        }
    }

    fn withheld(&self, spell: &'a Withheld, is_over: bool) -> Current<'a> {
        Current {
            key: self.key(AlertKind::Withheld, spell.span.start, None),
            span: spell.span,
            is_over,
            print: if is_over { spell.end.map_or(1, |end| end.t.0 as u64) } else { 0 },
            subject: Subject::Withheld(spell),
        }
    }

    fn changed(&self, silence: &'a Silence) -> Current<'a> {
        let keys = silence.changed();
        Current {
            key: self.key(AlertKind::IdentityChanged, silence.heard.start, None),
            span: silence.heard,
            is_over: true,
            print: keys.iter().fold(1, |print, key: &StaticKey| mix(print, *key as u64)),
            subject: Subject::Changed(silence),
        }
    }

    /// A visit, where a rule names it or all are told.
    fn visit(&self, visit: &Visited) -> Option<Current<'a>> {
        // Of most nobody wants to know, and they are not written out.
        if !self.is_told(&self.effects_of_visit(visit.port(), visit.first())) {
            return None;
        }
        let (kind, port) = (FactKind::Visit, Some(visit.port()));
        let key = FactKey { track: self.story.track(), start: visit.first().t, kind, port };
        let (fact, ambiguous) = (Fact::Visit(visit.visit()), visit.ambiguous);
        self.fact(Arc::new(FactTold { key, fact, ambiguous, provisional: false }))
    }

    /// A visit or hop, where a rule names it or all are told.
    fn fact(&self, told: Arc<FactTold>) -> Option<Current<'a>> {
        let (is_over, print) = match &told.fact {
            Fact::Silence(_) => return None,
            Fact::Visit(visit) => {
                let left = visit.exit.map_or([0, 0], |exit| [exit.t.0 as u64, visit.last_inside.t.0 as u64]);
                (visit.exit.is_some(), [left[0], left[1], visit.class as u64])
            }
            Fact::Hop(hop) => {
                let draught = u64::from(hop.draught_after.unwrap_or(0));
                let arrival = mix(hop.arrival.t.0 as u64, u64::from(told.provisional));
                (false, [hop.departure.t.0 as u64, draught, arrival])
            }
        };
        self.is_told(&self.effects_of_fact(&told.fact)).then(|| Current {
            key: self.fact_key(&told),
            span: extent(&told.fact),
            is_over,
            print: print.into_iter().fold(0, mix),
            subject: Subject::Fact(told),
        })
    }

    /// Whether a fact is told, given what rules say of its ports and its place.
    fn is_told(&self, effects: &[Option<Effect>]) -> bool {
        let is_named = effects.iter().any(Option::is_some) || !self.listed.is_empty();
        is_named || self.watch().rules().tells_all_facts
    }

    fn effects_of_fact(&self, fact: &Fact) -> SmallVec<[Option<Effect>; 4]> {
        let watch = self.watch();
        match fact {
            Fact::Silence(_) => SmallVec::new(),
            Fact::Visit(visit) => self.effects_of_visit(visit.port, visit.first_inside),
            Fact::Hop(hop) => SmallVec::from_iter([
                watch.corridor_effect(hop.from, hop.to),
                watch.port_effect(hop.from),
                watch.port_effect(hop.to),
                watch.area_effect(hop.departure.position),
            ]),
        }
    }

    fn effects_of_visit(&self, port: PortIndex, first: Fix) -> SmallVec<[Option<Effect>; 4]> {
        let watch = self.watch();
        SmallVec::from_iter([watch.port_effect(port), watch.area_effect(first.position)])
    }

    /// How urgent something is that is to be told; `None` if a rule mutes it.
    fn severity_of(&self, current: &Current<'_>) -> Option<Severity> {
        let watch = self.watch();
        match &current.subject {
            Subject::Dark(episode, _) if episode.cause() == Cause::Berth => {
                self.severity(Severity::Info, &[]).map(|_| Severity::Info)
            }
            Subject::Dark(episode, grade) => {
                let base = if *grade >= Grade::Probable { Severity::Notice } else { Severity::Info };
                self.severity(base, &[watch.area_effect(episode.anchor().position)])
            }
            Subject::InReach(_, _, _, reach, _) => {
                self.severity(Severity::Info, &[watch.port_effect(reach.port)])
            }
            Subject::Continued(..) => self.severity(Severity::Warning, &[]),
            Subject::DarkHop(leg) => self.severity_of_leg(leg),
            Subject::Withheld(spell) => {
                self.severity(Severity::Info, &[watch.area_effect(spell.start.position)])
            }
            Subject::Changed(_) => self.severity(Severity::Notice, &[]),
            Subject::Fact(told) => {
                let severity = self.severity(Severity::Info, &self.effects_of_fact(&told.fact))?;
                // A visit that is no call is nothing urgent.
                let is_passing =
                    matches!(&told.fact, Fact::Visit(visit) if visit.class < VisitClass::GapCall);
                Some(if is_passing { severity.min(Severity::Notice) } else { severity })
            }
        }
    }

    fn severity_of_leg(&self, leg: &Leg<'_>) -> Option<Severity> {
        let watch = self.watch();
        let mut effects = alloc::vec![watch.port_effect(leg.from)];
        if let Some(hop) = leg.hop.and_then(hop_of) {
            effects.push(watch.corridor_effect(leg.from, hop.to));
            effects.push(watch.port_effect(hop.to));
            // It may have come along a corridor from where it could have called.
            for episode in &leg.episodes {
                let called = self.called_before(episode.anchor().t);
                let via = episode.candidates(self.now, &called, self.chart).ports;
                effects.extend(via.iter().take(LIKELY).map(|via| watch.corridor_effect(via.port, hop.to)));
            }
        }
        self.severity(Severity::Notice, &effects)
    }
}

fn hop_of(told: &Arc<FactTold>) -> Option<&model::Hop> {
    match &told.fact {
        Fact::Hop(hop) => Some(hop),
        Fact::Visit(_) | Fact::Silence(_) => None,
    }
}

fn count_call(called: &mut Calls, port: PortIndex) {
    match called.iter_mut().find(|(other, _)| *other == port) {
        Some((_, calls)) => *calls += 1,
        None => {
            if called.len() == MAX_HABITS {
                called.remove(0);
            }
            called.push((port, 1));
        }
    }
}

/// Where the reports were read that decided it.
fn inputs(subject: &Subject<'_>) -> SmallVec<[Origin; 2]> {
    match subject {
        Subject::Dark(episode, _) => {
            let last = &episode.parts[episode.parts.len() - 1];
            [episode.parts[0].start.origin].into_iter().chain(last.end_origin).collect()
        }
        Subject::InReach(episode, _, part, ..) => SmallVec::from_iter([episode.parts[*part].start.origin]),
        Subject::DarkHop(leg) => {
            leg.episodes.iter().map(|episode| episode.parts[0].start.origin).take(2).collect()
        }
        Subject::Continued(episode, _) => SmallVec::from_iter([episode.parts[0].start.origin]),
        Subject::Withheld(_) | Subject::Changed(_) | Subject::Fact(_) => SmallVec::new(),
    }
}

/// Two ships under one MMSI, told once, of the new one; `None` if a rule mutes it.
#[must_use]
pub fn conflict(
    story: &Story,
    conflict: Conflict,
    (at, told): (EventTime, EventTime),
    chart: &impl Chart,
) -> Option<Told> {
    let called = Calls::new();
    let scene = Scene::new(story, chart, at, (&called, Vec::new()));
    let key = scene.key(AlertKind::IdentityConflict, conflict.new.t, None);
    let entry = Entry {
        key,
        id: key.id(""),
        revision: 0,
        print: 0,
        span: TimeSpan { start: conflict.known.t, end: at },
        status: Status::Open,
        severity: scene.severity(Severity::Notice, &[])?,
        finding: Finding::Conflict(conflict),
    };
    Some(scene.alert(&entry, (at, told), SmallVec::new()))
}

/// What belongs to no ship, told once.
#[must_use]
pub fn notice(notice: &Notice, told: EventTime) -> Told {
    let key = AlertKey { kind: notice.kind, track: None, start: notice.start, port: None };
    let place =
        notice.centre.map_or(0, |place| (place.lon as u32 as u64) << 32 | u64::from(place.lat as u32));
    let is_clock = notice.kind == AlertKind::SourceClock;
    let severity = if is_clock { Severity::Notice } else { Severity::Warning };
    Told::Alert(Arc::new(Alert {
        id: mix(key.id(""), place ^ notice.receiver),
        revision: 0,
        key,
        status: Status::Open,
        severity,
        at: notice.at,
        told: told.max(notice.at),
        vessel: None,
        finding: Finding::Notice(Arc::new(notice.clone())),
        inputs: SmallVec::new(),
    }))
}
