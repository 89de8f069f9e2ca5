"""The tables of a match: candidate pairs, registered identities, finished tiles."""

from orbital_kernel.model.columns import (
    SIMULATED,
    SKY,
    Table,
    count,
    flag,
    instant,
    real,
    text,
)

MATCHING_TABLES = (
    Table(
        "pairs",
        (
            text("left_table", "table of the left source", "meta.table"),
            text("right_table", "table of the right source", "meta.table"),
            text("left_id", "the left source's name, as written", "meta.id;src"),
            text("right_id", "the right source's name, as written", "meta.id;src"),
            text("left_catalog", "catalogue of the left source", "meta.ref"),
            text("right_catalog", "catalogue of the right source", "meta.ref"),
            count("left_members", "rows it is made of", "meta.number"),
            count("right_members", "rows it is of", "meta.number"),
            *SKY,
            real("separation_arcsec", "arcsec", "pos.angDistance", "as catalogued"),
            real(
                "position_angle_deg", "deg", "pos.posAng", "left to right, from north"
            ),
            real("normalised_separation", "", "stat.fit.goodness", "in combined sigma"),
            real("density_per_arcmin2", "arcmin-2", "src.density", "of right, there"),
            real("chance_probability", "", "stat.probability", "of one as near"),
            real("log10_bayes_factor", "", "stat.likelihood", "one source or two"),
            real("p_any", "", "stat.probability", "left has a counterpart"),
            real("p_i", "", "stat.probability", "that it is this one, if any"),
            real("match_probability", "", "stat.probability", "p_any x p_i"),
            real("p_any_right", "", "stat.probability", "right has a counterpart"),
            real("p_i_right", "", "stat.probability", "that it is this one, if any"),
            count("rank", "among left's candidates", "meta.code"),
            count("rank_right", "among right's", "meta.code"),
            flag("mutual", "first of both"),
            SIMULATED,
        ),
        ("healpix",),
        "Candidates of a match of two observatories; the place is the left source's.",
    ),
    Table(
        "identities",
        (
            text("object_id", "identity that is registered", "meta.id;src"),
            text("event", "registered, merged or split", "meta.code"),
            text("other_id", "identity merged into it, or split from", "meta.id"),
            text("table", "table of the member", "meta.table"),
            text("catalog", "catalogue of the member", "meta.ref"),
            text("key", "the member's name in that catalogue", "meta.id"),
            text("obs_id", "ObsID of the member, if it is of one", "meta.id;obs"),
            flag("founder", "true: the member that the identity is named by"),
            count("healpix", "HEALPix index of the member", "pos.healpix"),
            instant("time", "when it was registered", "time.creation"),
            text("run_id", "match that registered it", "meta.id"),
            SIMULATED,
        ),
        ("healpix",),
        "Every identity with its members, and merges and splits; never deleted.",
    ),
    Table(
        "tiles",
        (
            text("run_id", "match that the tile is part of", "meta.id"),
            count("low", "first cell of the tile", "pos.healpix"),
            count("high", "cell after the last one", "pos.healpix"),
            instant("time", "when its match began", "time.start"),
            text("summary", "its counts, as JSON; null: not finished", "meta.note"),
            count(
                "transaction", "that writes the tile; null: it is finished", "meta.id"
            ),
        ),
        ("run_id",),
        "Tiles of a match that runs: finished ones, and transactions that write one.",
    ),
)
