"""Prepares the styles of a season for the partner who makes them.

    season_kit.py kit.json pictures handover

`kit.json` says which styles, and what they are made of (see `Kit`). `pictures` has their front pictures as NUMBER.png.
`handover` is the folder that the partner gets: the pictures as the service keeps them, and the colours as a swatch file.
What is there stays as it is, so the job may be run again. Each run has a tag of its own, and links the styles that it makes
to the block.

Settings come from the BEPRODUCT_* variables, or from the profile that `beproduct login` has kept.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beproduct_client import (
    BeProduct,
    BeProductError,
    ColorwayChange,
    ConfigError,
    NotFoundError,
    Progress,
    QuotaExceededError,
    ValidationError,
    values_of,
)
from beproduct_client.types import ColorHeader, DownloadFile, StyleHeader

LABEL = "season kit"


@dataclass(frozen=True)
class Kit:
    """What is to be made, and of what."""

    season: str
    folder: str  # name of the styles' folder
    styles: dict[str, str]  # names by number
    fabric: str  # number of the material
    palette: str  # number
    artwork: str  # number of the image
    block: str  # number
    prices: str  # name of the data table that has the price of the trims
    trims: str  # their code in it
    partner: str  # id in the directory
    reviewer: str  # e-mail address of the user who checks the kit
    plan: str  # id
    sequence: str  # id of the sequence that numbers the kits


def prepare(client: BeProduct, kit: Kit, pictures: Path, handover: Path) -> Iterator[str]:
    """Does the job, and says line by line what is worth knowing."""
    job = client.with_options(label=LABEL, priority="bulk")
    check_limits(job, len(kit.styles))
    folder_id = next((folder["id"] for folder in job.style.folders() if folder.get("name") == kit.folder), None)
    if folder_id is None:
        raise LookupError(f"there is no folder {kit.folder}")
    # Once the client has read the schema, it refuses what the service would blank, such as an unknown season.
    job.style.folder_schema(folder_id)
    if job.master_data.folder_field_get(folder_id, "vendor").get("active") is False:
        raise LookupError(f"{kit.folder} does not use the field vendor")
    partner, reviewer = job.directory.get(kit.partner), job.user.get_by_email(kit.reviewer)
    palette = job.color.get_by_number(kit.palette)
    fields = {
        "season": kit.season,
        "vendor": kit.partner,
        "content": values_of(job.material.get_by_number(kit.fabric))["content"],
        "cost": price(job, kit),
    }
    lookup = job.style.get_many_by_number(kit.styles.keys(), folder_id=folder_id)
    for doubled in lookup["ambiguous"]:
        yield f"{doubled['number']} is carried by {len(doubled['records'])} styles, and left alone"
    styles = [with_season(job, style, fields) for style in lookup["found"]]
    if lookup["missing"]:
        colorways = list(colorways_of(palette, job.image.get_by_number(kit.artwork)["id"]))
        block_id = job.block.get_by_number(kit.block)["id"]
        for number in lookup["missing"]:
            named = {"header_number": number, "header_name": kit.styles[number], **fields}
            style = create(job, folder_id, named, colorways)
            job.style.block_link(style["id"], block_id)  # for its sizes
            styles.append(style)
            yield f"{number} is new"

    name = f"{kit.season} {job.automation.autonumber_generate(kit.sequence).get('generatedNumber')}"
    job.style.tag_create(name)
    for style in styles:
        if front_picture(style) is None:
            try:
                job.style.upload(style["id"], pictures / f"{style['headerNumber']}.png")
            except (ConfigError, ValidationError) as error:  # there is no such file, or it is no picture
                yield f"{style['headerNumber']} has no picture: {error.message}"
        job.style.header_tag_add(style["id"], [name])
        share(job, style["id"], kit.partner, name)
    about = {"page": "Style", "headers": [style["id"] for style in styles]}
    job.inbox.task_create(f"Check {name}", assignees=[{"value": reviewer["id"]}], references=about)
    yield from download(job, styles, palette, handover)
    yield from open_ends(job, kit, folder_id)
    spent = next(row["requests"] for row in job.quota.report(days=1)["by_label"] if row["name"] == LABEL)
    yield f"{name} for {partner.get('name')}: {len(styles)} styles, {spent} requests"


def check_limits(job: BeProduct, styles: int) -> None:
    """Begins nothing that the service would stop today."""
    made = ["create", "update", "block_link", "upload", "upload_status", "header_tag_add"]
    shared = ["shared_with", "share", "comment_add", "get"]
    needed = job.quota.estimate({"operation": f"style.{step}", "count": styles} for step in made + shared)["requests"]
    left = (job.system.ratelimit_status().get("per_day") or {}).get("remaining")
    if left is not None and needed > left:
        raise LookupError(f"{styles} styles take {needed} requests, and {left} are left today")


def price(job: BeProduct, kit: Kit) -> Any:
    """What the trims cost."""
    prices = next((table["id"] for table in job.data_tables.list() if table.get("name") == kit.prices), None)
    if prices is not None:
        for row in job.data_tables.data(prices, filters={"code": kit.trims}):
            return values_of(row)["price"]
    raise LookupError(f"{kit.prices} has no {kit.trims}")


def colorways_of(palette: ColorHeader, image_id: str) -> Iterator[ColorwayChange]:
    """A colorway for each colour of a palette. The first shows the artwork."""
    for index, color in enumerate(((palette.get("headerData") or {}).get("colors") or {}).get("colors") or []):
        number, name, primary = color.get("color_number"), color.get("color_name"), color.get("hex")
        fields = {"color_number": number, "color_name": name, "primary": primary, "secondary": ""}
        colorway: ColorwayChange = {"fields": fields}
        if source := color.get("_id") or color.get("Id"):  # palettes have the one or the other
            colorway["colorSourceId"] = source
        if index == 0:
            colorway["imageHeaderId"] = image_id
        yield colorway


def create(job: BeProduct, folder_id: str, fields: dict[str, Any], colorways: list[ColorwayChange]) -> StyleHeader:
    try:
        return job.style.create(folder_id, fields, colorways=colorways)
    except BeProductError as error:
        if error.outcome != "unknown":
            raise
        # It was sent and no answer came: it is there, or it may be made again.
        return job.style.get_by_number(fields["header_number"], folder_id=folder_id)


def with_season(job: BeProduct, style: StyleHeader, fields: dict[str, Any]) -> StyleHeader:
    """The style with these values. One that is of the season has had its own since."""
    if values_of(style).get("season") == fields["season"]:
        return style
    return job.style.update(style["id"], fields)


def share(job: BeProduct, style_id: str, partner: str, kit: str) -> None:
    """Shares a style with the partner, unless it is shared already."""
    partners = [(shared.get("partner") or {}).get("id") for shared in job.style.shared_with(style_id)]
    if partner not in partners:
        job.style.share(style_id, [partner])
        job.style.comment_add(style_id, f"{kit}, prepared by {job.auth.userinfo().get('name')}")


def front_picture(style: StyleHeader) -> str | None:
    return ((style.get("headerData") or {}).get("frontImage") or {}).get("origin") or None


def download(job: BeProduct, styles: list[StyleHeader], palette: ColorHeader, handover: Path) -> Iterator[str]:
    """Fills the folder."""
    handover.mkdir(exist_ok=True)
    files: list[DownloadFile] = []
    for style in styles:
        # Read again: what was uploaded shows up here.
        if link := front_picture(job.style.get(style["id"])):
            file = str(handover / f"{style['headerNumber']}.png")
            files.append({"record": style["id"], "link": link, "file": file})
    for outcome in job.style.download_many(files, progress=show):
        if failure := outcome.get("error"):
            yield f"{outcome['file']} is missing: {failure['message']}"
    colors = (palette.get("headerData") or {}).get("colors") or {}
    if swatches := colors.get("ASEurl") or colors.get("asEurl"):
        job.raw.download(swatches, handover / "palette.ase")


def show(progress: Progress) -> None:
    print(f"{progress['done']} of {progress['total']} pictures", file=sys.stderr)


def open_ends(job: BeProduct, kit: Kit, folder_id: str) -> Iterator[str]:
    """Milestones that are not reached, styles of the season that the kit does not have, and its line sheets and reports."""
    for row in job.tracking.style_timeline_list(kit.plan):
        number = (row.get("header") or {}).get("headerNumber")
        milestones = row.get("timelines") or []
        ahead = sum(milestone.get("status") != "Approved" for milestone in milestones)
        if ahead and number in kit.styles:
            yield f"{number} has {ahead} of {len(milestones)} milestones ahead"
    season = job.style.list(folder_id, filters={"season": kit.season})
    others = sum(style["headerNumber"] not in kit.styles for style in season)
    yield f"{others} more styles of {kit.folder} are of {kit.season}"
    for sheet in job.linesheets.list(name=kit.season):
        if kit.season in (name := sheet.get("name") or ""):
            yield f"the line sheet {name} may need them"
    for report in job.reports.list():
        if kit.season in (name := report.get("name") or ""):
            yield f"the report {name} shows them"
    season_of = {"kind": "update", "resource": "style", "fields": {"season": kit.season}}
    planned = [{**season_of, "record": {"number": number}} for number in kit.styles]
    for edit in job.changes.preview(planned)["edits"]:
        if edit["action"] != "unchanged":
            yield f"{edit.get('number')} is not of {kit.season}"


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    file, pictures, handover = map(Path, sys.argv[1:])
    kit = Kit(**json.loads(file.read_text(encoding="utf-8")))
    try:
        with BeProduct.from_environment() as client:
            for line in prepare(client, kit, pictures, handover):
                print(line)
    except QuotaExceededError as error:
        sys.exit(f"run it again in {error.retry_after} seconds: {error.message}")
    except (ConfigError, NotFoundError, ValidationError, LookupError) as error:
        sys.exit(f"the kit cannot be prepared: {error}")


if __name__ == "__main__":
    main()
