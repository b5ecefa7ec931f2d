import pytest

from splicedex.api.cli.pixels import MEGA, pixels
from splicedex.splice.errors import UserError


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("300M", 300_000_000), ("300m", 300_000_000), ("1.5G", 1_500_000_000),
        ("12 MP", 12_000_000),
        ("500k", 500_000), ("178956970", 178_956_970), (" 7 ", 7), ("0.5M", 500_000),
    ],
)  # fmt: skip
def test_with_and_without_a_unit(given, number):
    assert pixels(given) == number


def test_without_a_unit_it_counts_what_the_command_says():
    assert pixels("1", unit=MEGA) == MEGA
    assert pixels("1k", unit=MEGA) == 1_000


@pytest.mark.parametrize("given", ["", "M", "many", "-3M", "3X", "0", "0M", "1e9", "nan", "٣"])
def test_anything_else_is_refused(given):
    with pytest.raises(UserError, match="is no number of pixels; write 300M"):
        pixels(given)
