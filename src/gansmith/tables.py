"""What `api` does on tables: train, study, augment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gansmith import catalog
from gansmith.augment import tabular as room
from gansmith.augment.enrich_rows import EnrichedTable, enrich_rows, goal
from gansmith.augment.tabular_page import write_page
from gansmith.data.codecs.table import TableCodec
from gansmith.data.table import TableData
from gansmith.game import GAN
from gansmith.gans.vanilla import Vanilla
from gansmith.sample.rows import RowSampler
from gansmith.train.rows import rounds_per_second, train_on_rows

DEFAULT = Vanilla(latent_dim=32, width=128, dropout=0.0)
"""Without dropout the GAN of breast-cancer learned faster and further; figures in docs/lab/tabular_study.md."""

Progress = Callable[[str], None]


def train(data: TableData, gan: GAN | str | None = None, *, rounds: int | None = None, seed: int = 0) -> RowSampler:
    """Train a conditional GAN on a table, for 2,000 rounds unless said; its `rows(seeds, label)` makes rows."""
    codec = TableCodec.fit(data)
    game = make_gan(gan)
    rounds = rounds or room.ROUNDS
    model = train_on_rows(game, codec.encode(data.values), data.labels, codec.spec, rounds=rounds, seed=seed)
    return RowSampler(model, codec)


def study(
    data: TableData,
    *,
    out: str | Path = "study",
    minutes: float | None = None,
    gan: GAN | str | None = None,
    seeds: int = room.SEEDS,
    progress: Progress = lambda message: None,
) -> dict[str, Any]:
    """Compare a GAN's rows with real ones, SMOTE and ADASYN; see `gansmith.augment.tabular`.

    Writes `study.json` and `study.html` into `out`, and goes on where an earlier call was stopped.
    """
    folder, game = Path(out), make_gan(gan)
    room.check(data)
    plan = room.plan_before(folder)
    if plan:
        progress(f"going on with the study in {folder}")
    if plan is None or plan.seeds != seeds:
        plan = room.make_plan(data, _rate(data, game), seeds=seeds, minutes=minutes)
    if room.SMOTE_ALONE not in plan.arms:
        progress("without SMOTE and ADASYN, which need: pip install 'gansmith[tables]'")
    progress(str(plan))

    def trained(rows: TableData, seed: int, rounds: int) -> RowSampler:
        return train(rows, game, rounds=rounds, seed=seed)

    told = room.study(data, plan, repr(game), trained, folder, progress)
    write_page(folder, told)
    return told


def augment(
    data: TableData,
    *,
    to: str | int = "balanced",
    minutes: float | None = None,
    gan: GAN | str | None = None,
    seed: int = 0,
    progress: Progress = lambda message: None,
) -> EnrichedTable:
    """Bring a table to the asked counts with rows of a GAN trained on it; the result has `save(file)`."""
    goal(data, to)  # a request that cannot be met is refused before time is spent on training
    game, rounds = make_gan(gan), room.ROUNDS
    if minutes is not None:
        rounds = min(rounds, max(room.LEAST_ROUNDS, int(minutes * 60 * _rate(data, game))))
    progress(f"training {catalog.name_of(game)} for {rounds:,} rounds")
    return enrich_rows(data, train(data, game, rounds=rounds, seed=seed), to)


def make_gan(gan: GAN | str | None) -> GAN:
    """Return the GAN for a table: as given, by its name, or the default."""
    if isinstance(gan, GAN):
        return gan
    return DEFAULT if gan is None or catalog.find(gan) is Vanilla else catalog.create(gan)


def _rate(data: TableData, gan: GAN) -> float:
    codec = TableCodec.fit(data)
    return rounds_per_second(gan, codec.encode(data.values), data.labels, codec.spec)
