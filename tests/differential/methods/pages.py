"""Pages of applications that records of every master folder have: forms, grids, lists, images, files, posts, partners; and the
requests of styles and materials."""

from . import MASTERS, SEWN, World, calls
from .headers import PARTNER

ITEM = "9ce3c0aa-5779-59ba-87aa-83a3e187736d"
TIMELINE = "3f2e7a10-61d4-4f0e-9c39-2a4d6f6d1a10"


def values(fields: list[dict[str, object]]) -> dict[str, object]:
    """The values that fields have, of those that have one."""
    return {str(field["id"]): field["value"] for field in fields if field["value"] is not None}


@calls("app_list", "app_get", of=MASTERS)
def apps(world: World, master: str) -> None:
    made = world.new(master)
    listed = world.call(f"{master}.app_list", made["id"], made["folder"]["id"])
    assert {"Form", "Grid", "List", "Attachments", "ImagesForm", "ImagesGrid", "TextList"} < {a["type"] for a in listed}
    form = world.app(master, made, "Form")
    page = world.call(f"{master}.app_get", made["id"], form)
    assert page["createdBy"] == {"id": None, "name": None}
    # By its title, whatever its case; the list of the folder is known by now.
    before = len(world.simulator.log())
    assert world.call(f"{master}.app_get", made["id"], None, "DESIGN NOTES", made["folder"]["id"]) == page
    assert len(world.simulator.log()) == before + 1
    assert world.call(f"{master}.app_get", made["id"], None, "Design Notes") == page
    assert len(world.simulator.log()) == before + 3


@calls("app_schema", "app_form_update", "app_reset", of=MASTERS)
def forms(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "Form")
    fields = [field["fieldId"] for field in world.call(f"{master}.app_schema", app)["form"]]
    assert [field["id"] for field in world.page(master, made, app)] == fields
    world.call(f"{master}.app_form_update", made["id"], app, {"fit_note": "loose", "pieces": 4})
    assert {"fit_note": "loose", "pieces": 4}.items() <= values(world.page(master, made, app)).items()
    world.call(f"{master}.app_reset", made["id"], app)
    assert not values(world.page(master, made, app)).keys() & {"fit_note", "pieces"}


@calls("app_grid_update", of=MASTERS)
def grids(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "Grid")
    added = [{"rowId": ITEM, "rowFields": [{"id": "step", "value": "Press"}]}, {"rowId": None, "rowFields": []}]
    world.call(f"{master}.app_grid_update", made["id"], app, added)
    first, second = world.page(master, made, app)["gridData"]
    assert (first["rowId"], values(first["fields"])["step"]) == (ITEM, "Press")
    removed = {"rowId": second["rowId"], "rowFields": [], "deleteRow": True}
    world.call(f"{master}.app_grid_update", made["id"], app, [removed])
    assert world.page(master, made, app)["gridData"] == [first]


@calls("app_list_update", "app_list_upload", of=MASTERS)
def lists(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "List")
    caption = {"itemId": ITEM, "itemFields": [{"id": "caption", "value": "Hem"}]}
    world.call(f"{master}.app_list_update", made["id"], app, [caption])
    world.processed(
        master, world.call(f"{master}.app_list_upload", made["id"], app, ITEM, world.file("hem.png", "picture"))
    )
    (item,) = world.page(master, made, app)
    assert (item["id"], values(item["controls"])["caption"]) == (ITEM, "Hem")
    assert world.download(item["origin"]) == "picture"
    world.call(f"{master}.app_list_update", made["id"], app, [caption | {"deleteItem": True}])
    assert world.page(master, made, app) == []


@calls("app_imageform_upload", "app_imagegrid_upload", "app_imagegrid_list_update", of=MASTERS)
def images(world: World, master: str) -> None:
    made = world.new(master)
    for of_type, upload in {"ImagesForm": "app_imageform_upload", "ImagesGrid": "app_imagegrid_upload"}.items():
        app = world.app(master, made, of_type)
        world.processed(
            master, world.call(f"{master}.{upload}", made["id"], app, world.file("front.png", f"for {of_type}"))
        )
        (image,) = world.page(master, made, app)["image"]
        assert world.download(image["origin"]) == f"for {of_type}"
    side = {"itemId": ITEM, "itemFields": [{"id": "text", "value": "Side"}]}
    world.call(f"{master}.app_imagegrid_list_update", made["id"], app, [side])
    _, added = world.page(master, made, app)["image"]
    assert (added["id"], values(added["controls"])) == (ITEM, {"text": "Side"})


@calls("app_textlist_upload", of=MASTERS)
def image_of_a_text(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "TextList")
    # The client adds items to texts of styles only. The file of an item that is not there is taken, and is nowhere then.
    if master == "style":
        world.call("style.app_textlist_update", made["id"], app, [{"itemId": ITEM, "itemFields": []}])
    world.processed(
        master, world.call(f"{master}.app_textlist_upload", made["id"], app, ITEM, world.file("seam.png", "seam"))
    )
    shown = [world.download(image["origin"]) for image in world.page(master, made, app)["images"]]
    assert shown == (["seam"] if master == "style" else [])


@calls("app_attachments_upload", "app_attachments_delete", of=MASTERS)
def attachments(world: World, master: str) -> None:
    made = world.new(master)
    app = world.app(master, made, "Attachments")
    for name in ("spec.pdf", "care.txt"):
        world.call(f"{master}.app_attachments_upload", made["id"], app, world.file(name, f"text of {name}"))
    spec, care = world.page(master, made, app)["files"]
    assert (spec["fileName"], spec["fileType"], care["fileName"]) == ("spec", "pdf", "care")
    assert world.download(spec["url"]) == "text of spec.pdf"
    world.call(f"{master}.app_attachments_delete", made["id"], app, ["spec"])
    assert [file["fileName"] for file in world.page(master, made, app)["files"]] == ["care"]


def posts(world: World, master: str, kind: str) -> None:
    made = world.new(master)
    place = made["id"], world.app(master, made, "Form")
    post = world.call(f"{master}.app_{kind}_add", *place, "Please widen the cuff")
    assert (post["Type"], post["Body"]) == (kind.title(), "Please widen the cuff")
    edited = world.call(f"{master}.app_{kind}_edit", *place, post["Id"], "Cuff widened")
    assert edited == post | {"Body": "Cuff widened"}
    assert world.call(f"{master}.app_{kind}_list", *place) == [edited]
    assert world.call(f"{master}.attributes_{kind}_list", made["id"]) == []
    world.call(f"{master}.app_{kind}_delete", *place, post["Id"])
    assert world.call(f"{master}.app_{kind}_list", *place) == []


@calls(*(f"app_comment_{what}" for what in ("add", "edit", "list", "delete")), of=MASTERS)
def comments_of_apps(world: World, master: str) -> None:
    posts(world, master, "comment")


@calls(*(f"app_revision_{what}" for what in ("add", "edit", "list", "delete")), of=MASTERS)
def revisions_of_apps(world: World, master: str) -> None:
    posts(world, master, "revision")


@calls("app_share", "app_shared_with", "app_unshare", of=MASTERS)
def shares_of_apps(world: World, master: str) -> None:
    made = world.new(master)
    place = made["id"], world.app(master, made, "Form")
    world.call(f"{master}.app_share", *place, [PARTNER])
    (share,) = world.call(f"{master}.app_shared_with", *place)
    assert share["partner"]["id"] == PARTNER
    world.call(f"{master}.app_unshare", *place, [PARTNER])
    assert world.call(f"{master}.app_shared_with", *place) == []


@calls("app_request_list", "app_request_get", "app_request_form_update", of=SEWN)
def requests(world: World, master: str) -> None:
    made = world.new(master)
    listed = world.call(f"{master}.app_request_list", made["id"])
    assert all(app["isSampleApp"] for app in listed)
    (app,) = [app["id"] for app in listed if app["type"] == "Form"]
    assert world.call(f"{master}.app_request_get", made["id"], app) == []
    world.call(f"{master}.app_request_form_update", made["id"], app, TIMELINE, {"fit_note": "lab dip"})
    for timeline in ([], [TIMELINE]):
        (page,) = world.call(f"{master}.app_request_get", made["id"], app, *timeline)
        assert (page["id"], page["headerId"]) == (app, made["id"])
        assert values(page["data"])["fit_note"] == "lab dip"


@calls("app_artboard_version_upload", of=SEWN)
def version_of_an_artboard(world: World, master: str) -> None:
    made = world.new(master)
    world.processed(
        master,
        world.call(f"{master}.app_artboard_version_upload", made["id"], world.file("board.png", "artboard")),
    )
    image = {"style": "frontImage", "material": "mainImage"}[master]
    assert world.download(world.get(master, made)["headerData"][image]["origin"]) == "artboard"
