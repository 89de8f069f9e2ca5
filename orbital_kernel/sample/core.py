"""The core of every sample: each format, each fault and each kind of truth once."""

from orbital_kernel.sample import bat, clock, rates, source_catalogs, xrt
from orbital_kernel.sample.acis import Observation, draw_photons
from orbital_kernel.sample.chandra_events import write_events
from orbital_kernel.sample.chandra_lightcurve import write_lightcurve
from orbital_kernel.sample.curves import (
    BAND_SHARE,
    ERG_PER_COUNT,
    Afterglow,
    Curve,
    Flares,
    draw_flares,
)
from orbital_kernel.sample.field import draw_field, field_truth
from orbital_kernel.sample.logs import Pointing
from orbital_kernel.sample.plan import SWIFT_TARGET_0, Burst
from orbital_kernel.sample.rates import RateFile, Segment
from orbital_kernel.sample.scene import Scene

AGN = "SIM AGN 1"
AGN_DEG = (150.1, 2.2)
AGN_DELAY_S = 1500.0
AGN_SPAN_S = 60_000.0
FLARE_STAR = "SIM FLARE STAR 1"
DAY_S = 86_400.0


def write_core(scene: Scene) -> None:
    """Write the core files and their truth."""
    _bursts(scene)
    _raw_rates(scene)
    _agn(scene)
    _barycentred(scene)
    write_field(scene, 0, 300)


def _bursts(scene: Scene) -> None:
    """Write a long burst followed by both observatories, and a short one."""
    long = scene.burst(short=False, peak=2.2)
    short = scene.burst(short=True, peak=3.0, header_shift_s=0.288)
    folder = scene.folder / "swift_bat"
    slow, fast = folder / "grb_lightcurves_1s", folder / "grb_lightcurves_64ms"
    for burst, target, width in (
        (long, slow, 1.0),
        (long, fast, 0.064),
        (short, fast, 0.064),
    ):
        rng = scene.rng(f"bat {burst.name} {width}")
        bat.write_lightcurve(target, burst, width, rng, scene.ledger)
    follow_up(scene, long)
    catalogue_only = scene.burst(short=False, peak=0.8)
    scene.ledger.add("bursts", **bat.burst_row(catalogue_only, ""))


def follow_up(scene: Scene, burst: Burst) -> None:
    """Write a burst's afterglow as XRT and, days later, Chandra saw it."""
    glow = Afterglow(burst.utc_s, at_1ks=5.0e-9, index=1.2)
    target = xrt.target(burst.object, burst.target_id, burst.trigger_met_s)
    path = scene.folder / "swift_xrt" / "xrt_grb_flux_qdp"
    xrt.write_qdp(
        path / f"sim_GRB{burst.name}_flux.qdp",
        target,
        glow,
        xrt.afterglow_blocks(),
        scene.rng(f"xrt {burst.name}"),
        scene.ledger,
    )
    start = clock.chandra_s(burst.utc_s + 4.2 * DAY_S)
    place = (burst.ra_deg, burst.dec_deg)
    seen = scene.observation(burst.object, place, start, 15_000.0)
    _chandra(scene, seen, glow, 500.0)
    model = {"kind": "afterglow", "at_1ks": glow.at_1ks, "index": glow.index}
    _photometry(scene, burst.object, model, seen)


def _raw_rates(scene: Scene) -> None:
    """Write raw rates: a listed burst, a short one, and a weak one nobody lists."""
    slow = scene.burst(short=False, peak=1.0)
    fast = scene.burst(short=True, peak=2.0)
    weak = scene.burst(short=False, peak=0.35, listed=False)
    orbit = (
        Segment(0, 1300, ()),
        Segment(5760, 1400, ("turn-on", "glitch")),
        Segment(11520, 900, ("saa",)),
    )
    folder = scene.folder / "swift_bat"
    plans = (
        (folder / "rates_1s", RateFile(slow, 1.0, orbit)),
        (
            folder / "rates_64ms",
            RateFile(
                fast,
                0.064,
                (Segment(0, 700, ("glitch",)), Segment(790, 500, ("turn-on", "zeros"))),
                lag_s=0.064,
            ),
        ),
        (folder / "rates_1s", RateFile(weak, 1.0, (Segment(0, 1500, ("glitch",)),))),
    )
    for target, plan in plans:
        rates.write_rates(target, plan, scene.rng(f"rates {plan.name}"), scene.ledger)


def _agn(scene: Scene) -> None:
    """One object watched by both at once; Chandra sees every flare AGN_DELAY_S later."""
    start_utc = 12.4 * 365.25 * DAY_S
    flares = draw_flares(scene.rng("agn"), start_utc, AGN_SPAN_S)
    met = start_utc - clock.utcf(start_utc)
    number = SWIFT_TARGET_0 + 90_000
    target = xrt.target(AGN, number, met)
    path = scene.folder / "swift_xrt" / "xrt_other_qdp"
    xrt.write_qdp(
        path / "sim_AGN_1_flux.qdp",
        target,
        flares,
        xrt.monitoring_blocks(AGN_SPAN_S),
        scene.rng("agn xrt"),
        scene.ledger,
    )
    scene.pointings.append(
        Pointing(AGN, number, 1, *AGN_DEG, start_utc, start_utc + AGN_SPAN_S, 17_000)
    )
    begin = clock.chandra_s(start_utc) - 900.0
    seen = scene.observation(AGN, AGN_DEG, begin, AGN_SPAN_S)
    _chandra(scene, seen, flares.delayed(AGN_DELAY_S), 300.0)
    scene.ledger.add(
        "lags",
        object=AGN,
        first="sim_AGN_1_flux.qdp",
        second=f"sim_{seen.obs_id}_lc300.fits",
        lag_s=AGN_DELAY_S,
    )
    _photometry(scene, AGN, {"kind": "flares", "level": flares.level}, seen)


def _barycentred(scene: Scene) -> None:
    """Write a flaring star; its events are on the barycentre's clock (TIMESYS TDB)."""
    start = clock.chandra_s(13.1 * 365.25 * DAY_S)
    seen = scene.observation(
        FLARE_STAR, (84.2, -69.1), start, 12_000.0, barycentred=True
    )
    middle = clock.chandra_utc_s(seen.good_s[0]) + 6000.0
    flare = Flares(4.0e-13, (middle,), (700.0,), (25.0,))
    _chandra(scene, seen, flare, None)


def _chandra(
    scene: Scene, seen: Observation, curve: Curve, width_s: float | None
) -> None:
    rng = scene.rng(f"chandra {seen.obs_id}")
    photons = draw_photons(seen, curve, rng)
    folder = scene.folder / "chandra"
    events = folder / "evt2" / f"sim_acisf{seen.obs_id:05d}N001_evt2.fits"
    write_events(events, seen, photons, rng, scene.ledger)
    if width_s is None:
        return
    light = folder / "lightcurves" / f"sim_{seen.obs_id}_lc{width_s:.0f}.fits"
    write_lightcurve(light, seen, photons, width_s, scene.ledger)


def _photometry(
    scene: Scene, name: str, model: dict[str, object], seen: Observation
) -> None:
    scene.ledger.add(
        "photometry",
        object=name,
        ra=seen.ra_deg,
        dec=seen.dec_deg,
        chandra_obs_id=str(seen.obs_id),
        chandra_start_s=seen.good_s[0],
        chandra_stop_s=seen.good_s[1],
        photon_index=2.0,
        share_05_7_of_03_10=BAND_SHARE,
        erg_per_count_05_7=ERG_PER_COUNT,
        **{key: model.get(key) for key in ("kind", "at_1ks", "index", "level")},
    )


def write_field(scene: Scene, number: int, count: int) -> None:
    """Write one field's two catalogues and its truth."""
    sky = draw_field(scene.seed, count, number=number)
    ending = "" if number == 0 else f"_{number}"
    names = (f"simulated_swift_deepsky_countrates{ending}.csv", f"sim_csc2{ending}.tsv")
    first = 3.0e8 + number * 4.0e5
    obs_ids = [
        scene.observation(
            f"SIM FIELD {number}", sky.centre_deg, first + visit * 1.0e5, 20_000.0
        ).obs_id
        for visit in range(4)
    ]
    swift = scene.folder / "swift_xrt" / "catalogs" / names[0]
    csc = scene.folder / "chandra" / "catalogs" / names[1]
    source_catalogs.write_xrt_sources(swift, sky, scene.rng(names[0]), scene.ledger)
    source_catalogs.write_csc(csc, sky, obs_ids, scene.rng(names[1]), scene.ledger)
    field_truth(scene.ledger, sky, f"field{number}", names)
