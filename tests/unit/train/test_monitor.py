"""What the figures say: thresholds on rows that were measured, and on rows made to lie just beside them."""

import pytest

from gansmith.train import monitor


def rows(*kids, **figures):
    """Rows of these kids; each further figure is one value for all, or a list as long as the kids."""
    sound = {"diversity": 1.0, "coverage": 0.5, "copies": 0.0, "classes": 0.1, "critic": 0.8} | figures
    return [
        {"kid": kid} | {name: value[i] if isinstance(value, list) else value for name, value in sound.items()}
        for i, kid in enumerate(kids)
    ]


def course(figures):
    """Rows of measured (kid, diversity, coverage, classes, critic)."""
    names = ("kid", "diversity", "coverage", "classes", "critic")
    return [dict(zip(names, row, strict=True)) | {"copies": 0.0} for row in figures]


def unlabelled(figures):
    """Rows of measured (kid, diversity, coverage, critic), where there are no classes to lose."""
    return course([(kid, diversity, coverage, 0.0, critic) for kid, diversity, coverage, critic in figures])


def first_alarm(rows):
    """Return (number of evaluations seen, kind)."""
    for seen in range(1, len(rows) + 1):
        if found := monitor.alarm(rows[:seen]):
            return seen, found[0]
    return None


DCGAN = [
    (4.414, 1.032, 0.047, 0.334, 0.995), (1.39, 1.037, 0.125, 0.297, 0.969), (0.579, 0.976, 0.262, 0.290, 0.940),
    (0.378, 0.913, 0.365, 0.231, 0.936), (0.357, 0.889, 0.393, 0.200, 0.935), (0.330, 0.895, 0.377, 0.212, 0.942),
    (0.324, 0.919, 0.381, 0.251, 0.876), (0.314, 0.951, 0.365, 0.197, 0.866), (0.330, 0.972, 0.363, 0.204, 0.849),
    (0.322, 0.979, 0.373, 0.180, 0.837),
]  # fmt: skip
"""Digits, the first ten of twenty evaluations of 20,000 pictures."""
HEALTHY = [
    (0.240, 0.984, 0.416, 0.148, 0.818),
    (0.194, 0.992, 0.451, 0.072, 0.771),
    (0.149, 0.998, 0.537, 0.077, 0.777),
]
FROZEN = [
    (0.269, 0.979, 0.424, 0.140, 0.795), (0.661, 0.955, 0.332, 0.209, 0.783), (0.993, 0.946, 0.315, 0.251, 0.742),
    (1.393, 0.940, 0.264, 0.304, 0.740),
]  # fmt: skip
REVERSED = [(4.2, 0.984, 0.064, 0.353, 1.0), (228.0, 0.480, 0.0, 0.784, 1.0), (459.6, 0.195, 0.0, 0.806, 1.0)]
FOUR = [
    (0.237, 0.979, 0.436, 0.127, 0.608), (0.285, 0.966, 0.424, 0.136, 0.406), (0.410, 0.958, 0.416, 0.275, 0.402),
    (0.613, 0.945, 0.404, 0.369, 0.436), (0.896, 0.931, 0.369, 0.451, 0.428),
]  # fmt: skip
RATE = [(329.5, 0.977, 0.0, 0.681, 0.998), (5.66, 1.177, 0.021, 0.283, 0.986)]
RING = [
    (17.964, 0.196, 0.0, 0.689), (14.767, 1.036, 0.0, 0.753), (5.81, 0.573, 0.0, 0.942), (11.047, 0.6, 0.049, 0.669),
    (14.779, 0.099, 0.0, 0.78), (2.86, 0.779, 0.0, 0.837), (0.942, 1.005, 0.109, 0.815), (0.19, 1.087, 0.301, 0.787),
    (0.03, 1.049, 0.561, 0.75), (0.014, 1.026, 0.66, 0.846), (0.025, 1.012, 0.688, 0.779), (0.042, 1.0, 0.648, 0.753),
    (0.064, 0.988, 0.697, 0.7), (0.084, 0.98, 0.621, 0.652), (0.113, 0.973, 0.621, 0.661), (0.123, 0.968, 0.637, 0.636),
    (0.121, 0.966, 0.668, 0.629), (0.114, 0.969, 0.635, 0.668), (0.102, 0.969, 0.662, 0.631),
    (0.126, 0.962, 0.615, 0.69),
]  # fmt: skip
"""A vanilla GAN on the ring, in good health: it wanders between collapsed states before it learns, then drifts."""

ELVES = [
    (1.492, 0.704, 0.409, 0.902), (1.118, 0.846, 0.423, 0.897), (1.069, 0.918, 0.466, 0.913),
    (0.559, 0.886, 0.491, 0.867), (0.571, 0.799, 0.534, 0.969), (0.153, 0.871, 0.537, 0.652),
    (0.254, 0.826, 0.507, 0.716), (0.204, 0.899, 0.501, 0.766), (0.564, 0.911, 0.518, 0.889),
    (0.349, 0.885, 0.545, 0.771), (0.762, 0.768, 0.564, 0.916), (0.118, 0.858, 0.534, 0.916),
    (0.247, 0.912, 0.539, 0.805), (0.270, 0.919, 0.507, 0.867), (0.478, 0.927, 0.509, 0.868),
    (0.456, 0.936, 0.526, 0.909), (0.827, 0.950, 0.512, 0.618), (0.842, 0.940, 0.499, 0.811),
    (0.938, 0.942, 0.507, 0.859), (1.179, 0.963, 0.504, 0.930), (0.937, 0.956, 0.507, 0.888),
    (0.872, 0.963, 0.504, 0.829), (0.546, 0.968, 0.528, 0.850), (0.480, 0.981, 0.501, 0.850),
    (0.728, 0.992, 0.518, 0.816), (0.879, 1.002, 0.547, 0.921), (0.817, 1.007, 0.531, 0.922),
    (0.772, 1.003, 0.526, 0.911), (0.534, 1.002, 0.523, 0.921), (0.712, 1.020, 0.504, 0.896),
]  # fmt: skip
"""WGAN-GP on 369 sprites, five minutes, no alarm answered, features not yet held: a few odd sprites make kid swing."""


def test_healthy_runs_raise_nothing():
    assert first_alarm(course(DCGAN + HEALTHY)) is None
    for run in (RING, ELVES):
        assert first_alarm(unlabelled(run)) is None


def test_a_run_that_swings_falls_ill_as_well():
    ill = [(1.9, 0.9, 0.5, 0.9), (2.6, 0.9, 0.5, 0.9)]
    for healthy in (12, 16, len(ELVES)):
        assert first_alarm(unlabelled([*ELVES[:healthy], *ill])) == (healthy + 2, "quality")


@pytest.mark.parametrize(("ill", "within"), [(FROZEN, 4), (REVERSED, 2), (FOUR, 5), (RATE, 2)])
def test_runs_that_fell_ill_raise_an_alarm(ill, within):
    seen, _ = first_alarm(course(DCGAN + ill))
    assert len(DCGAN) < seen <= len(DCGAN) + within


def test_one_stray_evaluation_is_no_alarm_two_are():
    assert monitor.suspicions(rows(0.2, 0.2, 9.0)).keys() == {"quality"}
    assert monitor.alarm(rows(0.2, 0.2, 9.0)) is None
    assert monitor.alarm(rows(0.2, 9.0, 0.2, 9.0)) is None
    kind, sentence = monitor.alarm(rows(0.2, 9.0, 8.0))
    assert kind == "quality"
    assert "kid 8, it usually was 0.2" in sentence


def test_before_anything_is_learned_nothing_is_lost():
    wild = rows(9.0, 3.0, 30.0, 30.0, diversity=[1.0, 1.0, 0.1, 0.1], coverage=[0.5, 0.5, 0.0, 0.0])
    assert not monitor.suspicions(wild)
    assert monitor.suspicions(rows(0.9) + wild).keys() == {"collapse", "quality"}


@pytest.mark.parametrize(
    ("kind", "healthy", "ill"),
    [
        ("collapse", {"diversity": 0.41}, {"diversity": 0.39}),
        ("collapse", {"coverage": 0.26}, {"coverage": 0.24}),
        ("classes", {"classes": 0.29}, {"classes": 0.31}),
        ("copies", {"copies": 0.24}, {"copies": 0.26}),
        ("quality", {"kid": 0.54}, {"kid": 0.56}),
    ],
)
def test_each_threshold(kind, healthy, ill):
    before = rows(0.2, 0.2)
    last = rows(0.2)[0]
    assert not monitor.suspicions([*before, last | healthy])
    assert monitor.suspicions([*before, last | ill]).keys() == {kind}
    assert monitor.alarm([*before, last | ill, last | ill])[0] == kind


def test_kid_that_keeps_rising():
    _, sentence = monitor.alarm(rows(*[0.3] * 4, 0.4, 0.5, 0.6, 0.65, 0.7))
    assert sentence.startswith("the quality falls: kid rose in four")
    assert monitor.alarm(rows(*[0.3] * 4, 0.4, 0.5, 0.6, 0.55, 0.7)) is None


def test_a_critic_that_is_never_wrong_is_trouble_only_where_samples_stay_bad():
    assert monitor.alarm(rows(*[9] * 7, critic=0.999))[0] == "critic"
    assert monitor.alarm(rows(9, 8, 7, 6, 5, 4, 3, critic=0.999)) is None
    assert monitor.alarm(rows(*[9] * 7, critic=[0.999] * 3 + [0.9] + [0.999] * 3)) is None


def test_figures_that_a_game_or_a_set_does_not_have():
    bare = [{name: row[name] for name in ("kid", "diversity", "coverage", "copies")} for row in rows(*[0.2] * 20)]
    assert not monitor.suspicions(bare)
    assert monitor.converged(bare) is None
    assert not monitor.suspicions([])
    assert monitor.alarm([]) is None


def test_what_is_good_to_come_back_to():
    assert monitor.healthy(rows(0.2))
    assert monitor.healthy(rows(0.2, 0.35))
    assert not monitor.healthy(rows(0.2, 0.45))
    assert monitor.healthy(rows(0.1, 0.6, 0.5, 0.7, 0.4, 0.5)), "as usual"
    assert not monitor.healthy(rows(0.1, 0.6, 0.5, 0.7, 0.4, 0.6))
    assert not monitor.healthy(rows(0.2, 0.2, copies=[0.0, 0.9]))


def test_converged_needs_a_critic_near_chance_and_quality_at_rest():
    at_rest = [1.5, 0.8, 0.4, 0.2] + [0.1] * 10
    assert "critic tells a real from a fake in 70% of pairs" in monitor.converged(rows(*at_rest, critic=0.7))
    assert monitor.converged(rows(*at_rest, critic=0.8)) is None
    assert monitor.converged(rows(*at_rest[:11], critic=0.7)) is None, "too early to tell"
    assert monitor.converged(rows(*at_rest, 0.08, critic=0.7)) is None, "still getting better"
    assert monitor.converged(rows(*at_rest, 0.095, critic=0.7)) is not None, "within the noise"
    assert monitor.converged(rows(*[3.0] * 14, critic=0.7)) is None, "at rest, and bad"
    assert monitor.converged(rows(*at_rest, 0.1, critic=0.7, copies=[0.0] * 14 + [0.9])) is None


def test_the_measured_ring_converged_when_its_kid_came_to_rest():
    ring = unlabelled(RING)
    seen = [n for n in range(len(ring)) if monitor.converged(ring[: n + 1])]
    assert seen[0] + 1 == 14
