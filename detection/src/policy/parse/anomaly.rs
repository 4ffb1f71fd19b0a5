use super::node::{Fields, Source};
use crate::{
    baseline::Figure,
    policy::{Mode, PolicyError},
};

/// What says which requests match has no meaning beside a figure that is learned.
const OF_FILTERS: [&str; 7] = [
    "filter",
    "success_filter",
    "failure_filter",
    "suspect_filter",
    "ignore",
    "aggregation_rules",
    "evidence",
];

pub(super) fn figure(
    source: &Source<'_>,
    top: &Fields<'_>,
    mode: Mode,
) -> Result<Option<Figure>, PolicyError> {
    let Some(node) = top.get("anomaly") else { return Ok(None) };
    let word = source.word(node, "anomaly", &Figure::ALL.map(Figure::name))?;
    if let Some((key, other)) = OF_FILTERS.iter().find_map(|key| Some((key, top.get(key)?))) {
        return Err(source.error(other, format!("{key}: cannot stand beside `anomaly`")));
    }
    let figure = Figure::ALL.into_iter().find(|figure| figure.name() == word);
    let names_the_culprit = matches!(figure, Some(Figure::ActorRate | Figure::Identifiers));
    if mode == Mode::Block && !names_the_culprit {
        let message = format!(
            "anomaly: `{word}` is of an endpoint, and whoever asks it last is not to be blocked for it; \
             `mode: block` goes with `actor_rate` and `identifiers`"
        );
        return Err(source.error(node, message));
    }
    Ok(figure)
}
