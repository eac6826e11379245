"""What the page says in words: its head, its four answers, what was chosen on what, what each number means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from graphrec_neo4j.report.markup import Markup, element, joined
from graphrec_neo4j.report.view import Row, View, number, signed, verdict

MEANINGS: Mapping[str, str] = {
    "Recall": "The share of a user's test items that is in her list of K.",
    "NDCG": "As recall, but a hit counts 1 / log2(place + 1), over what the best possible list would have.",
    "MRR": "1 / the place of the first hit; 0 without one.",
    "MAP": "The precision at each hit, added up, over min(K, test items).",
    "Precision": "The share of the K places that are hits.",
    "Hit rate": "The share of users with at least one hit.",
    "Coverage": "The share of the catalogue that is in at least one list.",
    "Novelty": "The mean of −log2(share of users who have the item), in bits (Zhou et al., PNAS 2010).",
    "Diversity": "1 − the mean cosine of two items of one list by who has them (Ziegler et al., WWW 2005).",
    "Popularity lift": "The mean popularity of recommended items over that of the users' own train items; 1 is alike "
    "(1 + ΔGAP of Abdollahpouri et al., RMSE workshop at RecSys 2019).",
    "Intervals": "95 % percentile bootstrap over users, 1,000 rounds, seeded; differences are paired by user. The "
    "intervals say nothing of another split or another seed of the model.",
    "Seconds, peak MiB": "Fitting and ranking together; the memory is that of the whole process.",
}


def header(view: View, version: str, made_on: date) -> Markup:
    """Return the title and the facts that every figure depends on."""
    found, models = view.found, len(view.rows)
    facts = {
        "Split": found["split"],
        "K": str(view.k),
        "Users judged": f"{found['users']:,}",
        "of them without train": f"{found['users_without_train']:,}",
        "Items": f"{found['items']:,}",
        "Train interactions": f"{found['train_interactions']:,}",
        "Seed": str(found["seed"]),
        "Version": f"graphrec-neo4j {version}",
        "Date": made_on.isoformat(),
    }
    told = [element("div", element("dt", name), element("dd", value)) for name, value in facts.items()]
    return element(
        "header",
        element("p", "graphrec-neo4j evaluate", class_="eyebrow"),
        element("h1", f"{models} recommender{'s' if models != 1 else ''} on one split"),
        element(
            "p",
            "Every model was fitted on the same train part, ranks all items but those of train for every user, and is "
            "judged by interactions that nothing was fitted or chosen on.",
            class_="lead",
        ),
        element("dl", *told, class_="facts"),
    )


def answers(view: View) -> Markup:
    """Return what a reader wants to know first, in up to four cards."""
    best, name = view.rows[0], view.at_k("ndcg")
    low, high = best["interval"][name]
    cards = [
        _card("Most accurate", best["model"], f"NDCG@{view.k} {number(best[name])}, {number(low)} to {number(high)}")
    ]
    if view.baseline and "baseline" in best["difference"]:
        gain = best["difference"]["baseline"][name]
        beyond = {"better": "beyond noise", "even": "within noise", "worse": "below it"}[verdict(gain)]
        share = gain["mean"] / (best[name] - gain["mean"]) if best[name] != gain["mean"] else 0.0
        cards.append(
            _card(
                f"Over {view.baseline}, the best baseline",
                f"{signed(100 * share, 1)} %",
                f"{signed(gain['mean'])}, {beyond}",
            )
        )
    quick = min((row for row in view.rows if _as_good(row, name)), key=lambda row: row["seconds"])
    cards.append(_card("Fastest within noise of the best", quick["model"], f"{number(quick['seconds'], 1)} seconds"))
    wide = max(view.rows, key=lambda row: row[view.at_k("coverage")] or 0.0)
    covered = wide[view.at_k("coverage")] or 0.0
    cards.append(_card("Widest coverage", wide["model"], f"{100 * covered:.1f} % of the items are recommended"))
    return element("section", *cards, class_="cards", aria_label="In short")


def chosen(view: View) -> Markup:
    """Return what was chosen on what for each model, and which models were left out, with their reasons."""
    listed = [
        element("li", element("b", row["model"]), f": {row['chosen_on']}", *_members(row.get("chosen", {})))
        for row in view.rows
    ]
    left_out = [element("li", element("b", one["model"]), f": {one['reason']}") for one in view.found["left_out"]]
    parts = [element("h2", "What was chosen on what"), element("ul", *listed)]
    if left_out:
        parts += [element("h2", "Left out"), element("ul", *left_out)]
    return element("section", *parts)


def _members(chosen: Mapping[str, Any]) -> list[Markup]:
    """The members of a blend, the weightiest first."""
    members = sorted(chosen.get("members", ()), key=lambda member: -member["weight"])
    told = [element("li", f"{member['model']}, weight {_weight(member)}") for member in members]
    return [element("ul", *told)] if told else []


def _weight(member: Mapping[str, Any]) -> str:
    extra = member["short_history_weight"]
    return f"{member['weight']:g}" + (f", and {extra:g} more without a history" if extra else "")


def meanings() -> Markup:
    """Return what each number means, with its source."""
    told = [joined([element("dt", name), element("dd", text)]) for name, text in MEANINGS.items()]
    return element("section", element("h2", "What the numbers mean"), element("dl", *told, class_="meanings"))


def _as_good(row: Row, name: str) -> bool:
    """Whether a model is the best or within noise of it."""
    return "best" not in row["difference"] or row["difference"]["best"][name]["high"] >= 0


def _card(what: str, answer: str, detail: str) -> Markup:
    return element(
        "div",
        element("p", what, class_="what"),
        element("p", answer, class_="answer"),
        element("p", detail),
        class_="card",
    )
