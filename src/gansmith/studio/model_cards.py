"""What is told of a model before a picture is asked for."""

from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from gansmith import catalog
from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError, UsageError
from gansmith.runs import WEIGHTS, read_json
from gansmith.sample.artefact import FORMAT
from gansmith.sample.places import style_layers, truncates
from gansmith.sample.sampler import Sampler
from gansmith.studio import problems
from gansmith.studio.problems import NotFound
from gansmith.studio.studio import LoadedModel, Studio


class Card(BaseModel):
    """A model in a list, as its configuration tells."""

    id: str
    name: str
    path: str = Field(description="Its folder on the machine of the studio.")
    written: float = Field(description="When, in seconds since 1970.")
    gan: str = Field(default="", description="Name in the catalog.")
    size: list[int] = Field(default=[], description="Height and width of its pictures.")
    channels: int = Field(default=0, description="1 grey, 3 RGB, 4 RGBA.")
    classes: list[str] = Field(default=[], description="Names of the classes that can be asked for.")
    needs: list[str] = Field(
        default=[], description="What it must be shown beside a seed: such a one is for the command line."
    )
    data: str = Field(default="", description="What it has learnt from.")
    hash: str = Field(default="", description="SHA-256 of its weights.")
    problem: str = Field(default="", description="Why it cannot be used; empty where it can.")
    remedy: str = Field(default="", description="What to do about it.")


class Abilities(BaseModel):
    """What can be done with a model."""

    truncation: bool = Field(description="Pictures nearer the mean, less varied.")
    directions: bool = Field(description="Moving along directions of its latents.")
    mixing: bool = Field(description="Coarse styles of one seed with the fine ones of another.")


class Details(Card):
    """A model that is loaded."""

    latent: list[int] = Field(description="Shape of the latents of one picture.")
    can: Abilities


def cards(studio: Studio) -> list[Card]:
    """Tell of every model there is, the one that was written last first."""
    folders = studio.runs.iterdir() if studio.runs.is_dir() else ()
    ids = {path.name for path in folders} | ({studio.artefact.name} if studio.artefact else set())
    found = [card for id in ids if (card := _card_of(studio, id))]
    return sorted(found, key=lambda card: (-card.written, card.id))


def details(studio: Studio, id: str) -> Details:
    """Tell all of one model; raises what stands in the way of using it."""
    model = studio.model(id)
    card = _card(model.path, id).model_dump()
    latents = model.sampler.latents([0])
    return Details(**card | {"latent": list(latents.shape[1:]), "hash": model.sampler.hash, "can": _abilities(model)})


def _card_of(studio: Studio, id: str) -> Card | None:
    try:
        return _card(studio.model_path(id), id)
    except (NotFound, OSError):
        return None


def _card(path: Path, id: str) -> Card:
    card = Card(id=id, name=id, path=str(path), written=(path / WEIGHTS).stat().st_mtime)
    config = read_json(path / "config.json", {})
    try:
        if config.get("format") != FORMAT:
            raise UsageError(f"{path} does not hold a model of this version", "train it again or use its version")
        gan, spec = catalog.from_config(config["gan"]), DataSpec(**config["spec"])
        told = {
            "gan": catalog.name_of(gan),
            "size": list(spec.size),
            "channels": spec.channels,
            "classes": list(spec.classes),
            "needs": list(gan.needs),
            "data": str(config["info"].get("Data", "")),
            "hash": config["sha256"],
        }
        return Card.model_validate(card.model_dump() | told)
    except GansmithError as error:
        told = problems.told(error)
        return card.model_copy(update={"problem": told["error"], "remedy": told["remedy"]})
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError):
        problem = f"{path / 'config.json'} is damaged"
        return card.model_copy(update={"problem": problem, "remedy": "copy the model again, or train it again"})


def _abilities(model: LoadedModel) -> Abilities:
    """Try: what a game cannot do it refuses."""
    with model.lock:
        layers, truncation = _style_layers(model.sampler), truncates(model.sampler)
    return Abilities(truncation=truncation, directions=layers > 0, mixing=layers > 1)


def _style_layers(sampler: Sampler) -> int:
    """Count the layers that have a style of their own; 0 where nothing steers the picture as a whole."""
    if sampler.gan.needs:
        return 0
    try:
        return style_layers(sampler)[0]
    except UsageError:
        return 0
