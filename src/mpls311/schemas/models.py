"""What a row of each table is: columns in order, types, rules, descriptions, source names.

The column names are those of the reference warehouse (mikecolemn/mpls-311-data), so that its
queries keep working; `metadata={"source": ...}` names the field of the city's feature layer, or
several, newest first, where layers of different years name it differently.
"""

from typing import Annotated, ClassVar

import pandas as pd
import pandera.pandas as pa
import pyarrow
from pandera.typing import Series

Integer = Annotated[pd.ArrowDtype, pyarrow.int64()]
Double = Annotated[pd.ArrowDtype, pyarrow.float64()]
Text = Annotated[pd.ArrowDtype, pyarrow.string()]
Instant = Annotated[pd.ArrowDtype, pyarrow.timestamp("us", tz="UTC")]

EARLIEST = pd.Timestamp("2000-01-01", tz="UTC")
"""No request is older: the first one in the city's system was opened on 2006-01-04."""

LONGITUDES = {"min_value": -93.40, "max_value": -93.10}
LATITUDES = {"min_value": 44.80, "max_value": 45.15}
"""A box around the city in degrees, with a margin of some kilometres."""

EASTINGS = {"min_value": -10_397_240.0, "max_value": -10_363_840.0}
NORTHINGS = {"min_value": 5_590_480.0, "max_value": 5_645_600.0}
"""The same box in Web Mercator metres (EPSG:3857)."""

AREA_KINDS = ("neighborhood", "ward")
"""The kinds of areas that a place is looked for in; of each kind it lies in one at most."""

_STATUSES = ["staged", "published", "unchanged", "failed", "held", "not_read"]

_LOAD_ID = "The load, which read the row: UTC time of the read and year of the layer."


class ServiceRequest(pa.DataFrameModel):
    """One service request as one layer served it in one load, cleaned.

    Times are UTC. A case can appear more than once: in two layers, or twice within one.
    """

    case_id: Series[Integer] = pa.Field(
        ge=1,
        description="The city's number of the request; the key of a case across all layers.",
        metadata={"source": "CASEID", "is_exact": True},
    )
    object_id: Series[Integer] = pa.Field(
        description="Row number within the layer when it was read; another one whenever the layer "
        "is republished.",
        metadata={"source": "OBJECTID", "is_object_id": True},
    )
    subject_name: Series[Text] = pa.Field(
        nullable=True,
        description="Major category, the broadest of three levels, close to a department; where a "
        "request has none, Unknown in the marts.",
        metadata={"source": "SUBJECTNAME"},
    )
    reason_name: Series[Text] = pa.Field(
        nullable=True,
        description="Middle category, the programme or division that handles the request; where a "
        "request has none, Unknown in the marts.",
        metadata={"source": "REASONNAME"},
    )
    type_name: Series[Text] = pa.Field(
        nullable=True,
        description="Minor category, the finest of three levels, as the city spells it, intake "
        "channel included; in the marts under its standard name, the same for every channel.",
        metadata={"source": "TYPENAME"},
    )
    title: Series[Text] = pa.Field(
        nullable=True,
        description="Headline of the request, equal to the type in nearly every row; in the marts "
        "under its standard name.",
        metadata={"source": "TITLE"},
    )
    open_datetime: Series[Instant] = pa.Field(
        ge=EARLIEST,
        description="When the request was opened, UTC.",
        metadata={"source": "OPENEDDATETIME"},
    )
    closed_datetime: Series[Instant] = pa.Field(
        nullable=True,
        ge=EARLIEST,
        description="When the request was closed, UTC; null while it is open.",
        metadata={"source": "CLOSEDDATETIME"},
    )
    last_update_datetime: Series[Instant] = pa.Field(
        nullable=True,
        ge=EARLIEST,
        description="When the city last stamped a change of the request, UTC; null without one.",
        metadata={"source": "LastUpdateDate"},
    )
    case_status: Series[Integer] = pa.Field(
        nullable=True,
        isin=[0, 1],
        description="0 closed, 1 open.",
        metadata={"source": "CASESTATUS", "expected": [0, 1]},
    )
    is_accessibility_related: Series[Text] = pa.Field(
        nullable=True,
        description="Yes or No, as entered; null in older layers, which lack it.",
        metadata={"source": "IsAccessibilityRelated", "optional": True, "expected": ["Yes", "No"]},
    )
    coord_x: Series[Double] = pa.Field(
        nullable=True,
        in_range=EASTINGS,
        description="Easting in metres (EPSG:3857, Web Mercator); null without a usable location.",
        metadata={"source": "XCOORD"},
    )
    coord_y: Series[Double] = pa.Field(
        nullable=True,
        in_range=NORTHINGS,
        description="Northing in metres (EPSG:3857, Web Mercator); null without a usable location.",
        metadata={"source": "YCOORD"},
    )
    geometry_x: Series[Double] = pa.Field(
        nullable=True,
        in_range=LONGITUDES,
        description="Longitude in degrees (WGS 84); null without a usable location.",
        metadata={"source": "geometry_x", "is_geometry": True},
    )
    geometry_y: Series[Double] = pa.Field(
        nullable=True,
        in_range=LATITUDES,
        description="Latitude in degrees (WGS 84); null without a usable location.",
        metadata={"source": "geometry_y", "is_geometry": True},
    )
    extras: Series[Text] = pa.Field(
        nullable=True,
        description="JSON object of source columns this project does not know, and of codes whose "
        "names are in the columns of this table; null without any.",
    )
    repairs: Series[Text] = pa.Field(
        nullable=True,
        description="Comma-separated codes of what cleaning changed; null if nothing.",
    )
    source_year: Series[Integer] = pa.Field(
        ge=2000,
        description="Year of the layer, which is not always the year of opening.",
    )
    load_id: Series[Text] = pa.Field(description=_LOAD_ID)
    loaded_at: Series[Instant] = pa.Field(description="When that load began, UTC.")
    content_hash: Series[Integer] = pa.Field(
        description="Hash of the business columns; equal for rows that say the same."
    )
    deleted_at: Series[Instant] = pa.Field(
        nullable=True,
        description="When the case was found gone, UTC: the layer has no acceptable row of it any "
        "more, or, in the marts, none of its layers has. The last version known stays.",
    )

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True
        name = "raw_mpls_311data"
        description = "The rows of the loads that are pending, replaced as a whole at each staging."
        # How an engine lays the rows out, if it can; dbt groups them by these columns.
        metadata: ClassVar = {
            "partition_by_year": "open_datetime",
            "cluster_by": ["source_year", "case_id"],
        }


class QuarantinedRow(pa.DataFrameModel):
    """A row that cannot be a service request, kept as it came with the reasons."""

    case_id: Series[Integer] = pa.Field(
        nullable=True, description="The case id, where the row has a usable one."
    )
    object_id: Series[Integer] = pa.Field(description="Row number within its layer.")
    reasons: Series[Text] = pa.Field(description="Comma-separated codes of why it was rejected.")
    row: Series[Text] = pa.Field(description="The row as served, as a JSON object.")
    source_year: Series[Integer] = pa.Field(description="Year of the layer that served the row.")
    load_id: Series[Text] = pa.Field(description="The load that read the row.")

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True
        name = "quarantine"
        description = "Rows without a usable case id or opening time."


class AreaVertex(pa.DataFrameModel):
    """One corner of the border of an area, of which the city has several kinds.

    An area has one ring or several: islands, and holes where it surrounds another.
    """

    area_kind: Series[Text] = pa.Field(
        isin=AREA_KINDS, description="What the area is: a neighborhood, or a ward of the council."
    )
    area_id: Series[Integer] = pa.Field(
        ge=1,
        description="The city's number of the area among those of its kind.",
        metadata={"source": ["BDNUM", "WARD"]},
    )
    area_name: Series[Text] = pa.Field(
        description="Name of the area; of a ward, its number.", metadata={"source": "BDNAME"}
    )
    community_name: Series[Text] = pa.Field(
        nullable=True,
        description="The community that a neighbourhood belongs to, as the layer says or, as the "
        "city's does not, by the seed; Unknown where neither does.",
        metadata={"source": "COMMUNITY", "optional": True},
    )
    ring: Series[Integer] = pa.Field(
        ge=1, description="Number of the closed line within the area, from 1."
    )
    vertex: Series[Integer] = pa.Field(
        ge=1, description="Number of the corner along its ring, from 1; the last is the first."
    )
    longitude: Series[Double] = pa.Field(
        in_range=LONGITUDES, description="Longitude in degrees (WGS 84)."
    )
    latitude: Series[Double] = pa.Field(
        in_range=LATITUDES, description="Latitude in degrees (WGS 84)."
    )

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True
        name = "raw_areas"
        description = (
            "The borders of the city's neighbourhoods and wards as their layers draw them, corner "
            "by corner; replaced as a whole at each staging."
        )


class TrackedLoad(pa.DataFrameModel):
    """One state that one load reached; the table is only ever appended to."""

    job_start: Series[Double] = pa.Field(description="When the load began, seconds since 1970.")
    job_end: Series[Double] = pa.Field(
        description="When the load reached this state, seconds since 1970."
    )
    job_runtime: Series[Double] = pa.Field(description="job_end - job_start, seconds.")
    year: Series[Integer] = pa.Field(description="A calendar year; of a load, that of the layer.")
    max_record_cnt: Series[Integer] = pa.Field(
        nullable=True, description="Rows the layer serves in one page."
    )
    record_cnt: Series[Integer] = pa.Field(nullable=True, description="Rows read by this load.")
    data_last_edit_date: Series[Integer] = pa.Field(
        nullable=True, description="The layer's last edit, milliseconds since 1970."
    )
    pq_path: Series[Text] = pa.Field(
        nullable=True, description="Parquet file of the load's validated rows, within the lake."
    )
    load_id: Series[Text] = pa.Field(description=_LOAD_ID)
    source_id: Series[Text] = pa.Field(description="The city service the rows come from.")
    mode: Series[Text] = pa.Field(
        description="full or incremental; of a year that was not read, what was asked for."
    )
    status: Series[Text] = pa.Field(
        isin=_STATUSES,
        metadata={"expected": _STATUSES},
        description="staged: before dbt; published: its rows are in the marts; unchanged: nothing "
        "to read; failed: dbt failed after staging; held: a guard stopped it before staging; "
        "not_read: its layer could not be looked at or read.",
    )
    rejected_cnt: Series[Integer] = pa.Field(nullable=True, description="Rows quarantined.")
    duplicate_cnt: Series[Integer] = pa.Field(
        nullable=True, description="Accepted rows beyond the first of their case in this load."
    )
    deleted_cnt: Series[Integer] = pa.Field(
        nullable=True, description="Cases found gone from the layer."
    )
    request_cnt: Series[Integer] = pa.Field(
        nullable=True, description="Requests sent to the service, retries included."
    )
    retry_cnt: Series[Integer] = pa.Field(nullable=True, description="Requests sent again.")
    bytes_cnt: Series[Integer] = pa.Field(nullable=True, description="Bytes received, compressed.")
    watermark: Series[Instant] = pa.Field(
        nullable=True, description="Greatest opening or update time of the year's accepted rows."
    )

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True
        name = "track_load"
        description = "What was loaded when, and how far it got."
