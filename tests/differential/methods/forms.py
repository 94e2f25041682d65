"""What every method returns: its type in Python, and the members of records as documents of the client show them."""

import re
from collections.abc import Callable
from typing import Any

Form = Callable[[str, Any], None]

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def record(*members: str, lacks: tuple[str, ...] = ()) -> Form:
    """A dictionary with these members. Records in the form of 2021 may lack some of them."""

    def form(kind: str, result: Any) -> None:
        assert kind == "dict"
        assert set(result) <= set(members)
        assert set(members) - set(result) <= set(lacks)

    return form


def listed(of: Form, kind: str = "list") -> Form:
    """Records in a list."""

    def form(found: str, result: Any) -> None:
        assert found == kind
        for one in result:
            of(type(one).__name__, one)

    return form


def generated(of: Form) -> Form:
    """Records that a generator yields, from as many pages as there are."""
    return listed(of, "generator")


def done(kind: str, result: Any) -> None:
    """A message, where no document shows an answer."""
    assert kind == "dict"
    assert set(result) == {"error", "message"}
    assert result["error"] is False


def upload(kind: str, result: Any) -> None:
    """The id of an upload."""
    assert kind == "str"
    assert GUID.fullmatch(result)


def nothing(kind: str, result: Any) -> None:
    assert (kind, result) == ("NoneType", None)


def found(of: Form) -> Form:
    """A record, or None."""
    return lambda kind, result: (nothing if result is None else of)(kind, result)


def status(kind: str, result: Any) -> None:
    """Finished, failed, and why."""
    assert (kind, len(result)) == ("tuple", 3)
    assert [type(part) for part in result[:2]] == [bool, bool]


def text(kind: str, result: Any) -> None:
    assert kind == "str"
    assert result


STAMPS = ("createdBy", "createdAt", "modifiedBy", "modifiedAt")
FIELD = record("id", "name", "value", "type", "required")
SCHEMA_FIELD = record("fieldId", "fieldName", "fieldType", "required", "properties")
NAMED = ("id", "headerNumber", "headerName", "folder", "headerData", "isDeleted", *STAMPS)
WORN = (*NAMED, "colorways", "sizeRange", "planIds")
SINCE_2021 = ("sizeClasses", "copiedOrCarriedOverFrom", "tags")
HEADER = {
    "style": record(*WORN, *SINCE_2021, lacks=SINCE_2021),
    "material": record(*WORN, "suppliers", "tags", lacks=("tags",)),
    "image": record(*NAMED, "files"),
    "color": record("id", "colorPaletteNumber", "colorPaletteName", "folder", "headerData", "isDeleted", *STAMPS),
    "block": record(*NAMED),
}
DATA = {
    "style": record("fields", "frontImage", "sideImage", "backImage", "availableArtboards"),
    "material": record("fields", "mainImage", "detailImage"),
    "image": record("fields", "preview", "variations"),
    "color": record("fields", "colors"),
    "block": record("fields", "frontImage", "sizeClasses"),
}
COLORWAY = record(
    *("id", "colorNumber", "colorName", "primaryColor", "secondaryColor", "secondaryColorNumber"),
    *("secondaryColorName", "comments", "hideColorway", "imageHeaderId", "fields", "image", "colorSourceId"),
    lacks=("secondaryColorNumber", "secondaryColorName", "imageHeaderId", "colorSourceId"),
)
SIZE = record(
    *("name", "price", "currency", "unitOfMeasure", "comments", "isSampleSize", "sizeIndex", "hideSize", "fields"),
    lacks=("sizeIndex", "hideSize"),
)
CHIP = record(
    *("_id", "color_id", "color_source_id", "hex", "rgb_r", "rgb_g", "rgb_b", "color_number", "color_name"),
    *("fields", "color_reference", "Schema"),
)
FOLDER = record("id", "name", "description", "active")
POST = record("Id", "PostId", "Type", "From", "Title", "Body", "CreateDate", "Revision3D")
TAG = record("id", "name", "integration", "tagDate", "tagUsers")
SHARE = record("partner", "createdBy", "createdAt")
APP = record("id", "title", "type", "marketId", "isSampleApp")
PAGE = record("id", "headerId", "name", "data", *STAMPS)
VERSION = record("id", "name", "status", "version", "colorways", "workingFiles", "materials", *STAMPS)
VARIATION = record("id", "metadata", "rows", *STAMPS)
VARIATION_DATA = record(
    *("id", "variationName", "isDefault", "order", "syncColorways", "selectedVariationColorways"),
    *("sizeClasses", "partners", "fields"),
)


def app_schema(kind: str, result: Any) -> None:
    """The fields of each part that an application has."""
    assert kind == "dict"
    assert result
    for fields in result.values():
        listed(SCHEMA_FIELD)(type(fields).__name__, fields)


def variation_schema(kind: str, result: Any) -> None:
    assert kind == "dict"
    assert result.pop("enableBomVariations") is True
    assert set(result) == {"metadata", "grid"}
    app_schema(kind, result)


def header(master: str) -> Form:
    """A record of a master folder, with its parts."""

    def form(kind: str, result: Any) -> None:
        HEADER[master](kind, result)
        DATA[master]("dict", result["headerData"])
        record("id", "name")("dict", result["folder"])
        listed(FIELD)("list", result["headerData"]["fields"])
        listed(COLORWAY)("list", result.get("colorways", []))
        listed(SIZE)("list", result.get("sizeRange", []))

    return form


def posts(kind: str) -> dict[str, Form]:
    """The methods about comments, or revisions, of records and of applications."""
    return {
        f"{whose}_{kind}_{what}": form
        for whose in ("attributes", "app")
        for what, form in {"add": POST, "edit": POST, "list": listed(POST), "delete": done}.items()
    }


def of_every_master(master: str) -> dict[str, Form]:
    return {
        "folders": listed(FOLDER),
        "folder_schema": listed(SCHEMA_FIELD),
        "folder_search_schema": listed(SCHEMA_FIELD),
        "attributes_create": header(master),
        "attributes_get": header(master),
        "attributes_get_by_number": found(header(master)),
        "attributes_list": generated(header(master)),
        "attributes_update": header(master),
        "attributes_delete": done,
        "attributes_upload": upload,
        "upload_status": status,
        **posts("comment"),
        **posts("revision"),
        **{f"{whose}_share": done for whose in ("attributes", "app")},
        **{f"{whose}_unshare": done for whose in ("attributes", "app")},
        **{f"{whose}_shared_with": listed(SHARE) for whose in ("attributes", "app")},
        "tag_list": listed(TAG),
        "tag_create": TAG,
        "tag_update": TAG,
        "tag_share": done,
        "tag_unshare": done,
        "tag_delete": done,
        "attributes_tag_add": done,
        "attributes_tag_list": listed(TAG),
        "attributes_tag_remove": done,
        "app_list": listed(APP),
        "app_get": PAGE,
        "app_schema": app_schema,
        "app_reset": done,
        "app_form_update": done,
        "app_grid_update": done,
        "app_list_update": done,
        "app_imagegrid_list_update": done,
        "app_list_upload": upload,
        "app_imageform_upload": upload,
        "app_imagegrid_upload": upload,
        "app_textlist_upload": upload,
        # Its answer has no id.
        "app_attachments_upload": nothing,
        "app_attachments_delete": done,
    }


SEWN: dict[str, Form] = {
    "folder_size_range_schema": listed(SCHEMA_FIELD),
    "attributes_colorway_delete": done,
    "attributes_colorways_delete": done,
    "attributes_colorway_upload": upload,
    "attributes_move": done,
    "app_artboard_version_upload": upload,
    "app_request_list": listed(APP),
    "app_request_get": listed(PAGE),
    "app_request_form_update": done,
}

REPORT_ROWS = record("result", "total")

OF_ONE_MASTER: dict[str, dict[str, Form]] = {
    "style": {
        "folder_colorway_schema": listed(SCHEMA_FIELD),
        "attributes_carry_over": header("style"),
        "attributes_block_link": done,
        "attributes_block_unlink": done,
        "attributes_update_sample_size": done,
        "attributes_where_used_in_sets": listed(record("header", "applicationId", "applicationName")),
        "flat_bom": REPORT_ROWS,
        "app_3D_style_preview_upload": upload,
        "app_3D_style_turntable_upload": upload,
        "app_3D_style_version_copy": VERSION,
        "app_3D_style_version_create": VERSION,
        "app_3D_style_version_delete": done,
        "app_3D_style_version_update": VERSION,
        "app_3D_style_working_file_upload": upload,
        "app_artboard_image_assign": done,
        "app_bom_details_update": done,
        "app_bom_item_delete": done,
        "app_bom_reset": done,
        "app_bom_update": done,
        "app_bom_variation_create": VARIATION,
        "app_bom_variation_delete": done,
        "app_bom_variation_get": VARIATION,
        "app_bom_variation_list": listed(VARIATION_DATA),
        "app_bom_variation_reset": VARIATION,
        "app_bom_variation_schema": variation_schema,
        "app_bom_variation_update": VARIATION,
        "app_link_pages_update": done,
        "app_multimeasurements_reset": done,
        "app_multimeasurements_update": done,
        "app_request_schema": app_schema,
        "app_sample_request_multi_add_submit": done,
        "app_sets_update": done,
        "app_sku_generate": PAGE,
        "app_sku_update": PAGE,
        "app_textlist_editor_update": done,
        "app_textlist_update": done,
    },
    "material": {
        "app_3d_material_asset_upload": upload,
        "app_3d_material_preview_upload": upload,
        "app_3d_material_texture_upload": upload,
        "app_3d_material_update": done,
        "app_3d_material_upload": upload,
    },
    "image": {"attributes_image_version_upload": upload},
    "color": {"company_colors": generated(CHIP), "folder_color_chip_schema": listed(SCHEMA_FIELD)},
    "block": {
        "attributes_size_class_assets": listed(record("id", "fileName", "origin")),
        "app_block_size_class_3d_asset_upload": upload,
    },
}

PLAN = record("id", "name", "description", "folderId", "startDate", "endDate", "active", "style", "material", *STAMPS)
PROGRESS = record(
    *("not_started", "in_progress", "waiting_on", "rejected", "approved", "approved_with_corrections", "na", "late"),
    "total",
)
ROW = record(
    *("id", "colorId", "colorNumber", "colorName", "size", "supplier", "suppliers", "modifiedAt", "modifiedBy"),
    *("header", "timelines", "isArchived", "fields"),
)
COMPANY = record(
    *("id", "directoryId", "name", "address", "country", "state", "zip", "city", "phone", "partnerType", "website"),
    *("fax", *STAMPS),
)
PERSON = ("id", "email", "username", "firstName", "lastName", "title", "accountType", "role", "registerdOn", "active")
CONTACT = record(*PERSON, "mobilePhone", "workPhone", "invitedAsVendor", "invitationPending")
USER = record(*PERSON)
ROLE = record("id", "roleName", "roleDescription", "roleType", "isAdmin", "active", *STAMPS)
TASK = record(
    *("id", "taskName", "startDate", "dueDate", "priority", "status", "assignees", "participants", "references"),
)
MESSAGE = record("id", "message", "type", "attachments")
TABLE = record("id", "name", "description", "active", *STAMPS)
FIELD_OF_COMPANY = record(
    *("fieldId", "fieldName", "fieldType", "active", "syncAllFolders", "masterFolders", "properties", *STAMPS),
)
LINE_SHEET = record("id", "name", "description")

OTHERS: dict[str, dict[str, Form]] = {
    "tracking": {
        "folders": listed(record("id", "name", "description", "active", *STAMPS)),
        "plan_list": generated(PLAN),
        "plan_get": PLAN,
        **{
            f"plan_{master}_{what}": form
            for master in ("style", "material")
            for what, form in {
                "add": done,
                "by_colorway_add": done,
                "progress": PROGRESS,
                "revisions": generated(POST),
                "timeline_list": generated(ROW),
                "timeline_update": done,
                "timelines_delete": done,
                "tracking_view": generated(ROW),
            }.items()
        },
        "plan_style_by_sku_add": listed(record("id", "headerId", "headerFolderId")),
        "plan_style_timelines_archive": done,
    },
    "directory": {
        "directory_list": generated(COMPANY),
        "directory_search": generated(COMPANY),
        "directory_get": COMPANY,
        "directory_add": COMPANY,
        "directory_update": COMPANY,
        "directory_contact_list": generated(CONTACT),
        "directory_contact_get": CONTACT,
        "directory_contact_add": CONTACT,
        "directory_contact_update": done,
    },
    "user": {
        "user_list": listed(USER),
        "user_get": USER,
        "user_get_by_id": USER,
        "user_create": USER,
        "user_update": USER,
        "role_list": listed(ROLE),
        "role_get": ROLE,
    },
    "inbox": {
        "task_list": generated(TASK),
        "task_get": TASK,
        "task_create": TASK,
        "task_update": done,
        "task_delete": done,
        "message_list": generated(MESSAGE),
        "message_create": MESSAGE,
        "message_update": done,
        "message_delete": done,
        "message_attachments_upload": upload,
    },
    "data_tables": {
        "list": generated(TABLE),
        "schema": listed(SCHEMA_FIELD),
        "data": generated(record("id", "fields", *STAMPS)),
        "update": record("updated", "added", "deleted"),
        "reset": done,
    },
    "master_data": {
        "get": FIELD_OF_COMPANY,
        "create": FIELD_OF_COMPANY,
        "update": FIELD_OF_COMPANY,
        "folder_field_get": record("fieldId", "fieldName", "fieldType", "active", "required", "properties"),
        "folder_field_update": done,
    },
    "linesheets": {
        "folders": listed(record("id", "name")),
        "list": listed(LINE_SHEET),
        "get": LINE_SHEET,
    },
    "reports": {
        "list": generated(record("id", "name", "description")),
        "data": REPORT_ROWS,
        "flat_bom": REPORT_ROWS,
    },
    "automation": {
        "autonumber_create": record("id"),
        "autonumber_generate": text,
        "autonumber_list": listed(record("id", "name", "template")),
        "lock_aquire": record("name", "acquired"),
        "lock_check": listed(record("name", "locked")),
        "lock_release": done,
        "get": record("autonumbers"),
        "post": record("id"),
        "delete": done,
    },
    "schema": {
        "get_folder_schema": listed(
            record(
                *("field_id", "field_name", "field_type", "required", "formula", "possible_values", "data_type"),
                "properties",
            )
        ),
    },
}


def forms() -> dict[str, Form]:
    """By the names of the methods, such as `style.app_get`."""
    every = {}
    for master in HEADER:
        sewn = SEWN if master in ("style", "material") else {}
        every[master] = of_every_master(master) | sewn | OF_ONE_MASTER[master]
    return {f"{resource}.{name}": form for resource, of in (every | OTHERS).items() for name, form in of.items()}


FORMS = forms()

BROKEN = {
    # They call a method that their class does not have.
    f"schema.get_{master}_folder_schema": "AttributeError"
    for master in ("color", "material", "style")
}
"""Methods that work with no service, and the error that they raise before they send a request."""
