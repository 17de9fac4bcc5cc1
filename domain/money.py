"""Integer cents, and the one rounding rule: half up on the magnitude."""

BASIS_POINTS = 10_000


def share(amount_cents: int, numerator: int, denominator: int) -> int:
    """`amount × numerator / denominator` in cents, rounded once, half up on its magnitude.

    Raises `ValueError` when the denominator is not positive.
    """
    if denominator <= 0:
        raise ValueError("a share needs a positive denominator")
    product = amount_cents * numerator
    magnitude = (2 * abs(product) + denominator) // (2 * denominator)
    return magnitude if product >= 0 else -magnitude


def split_vat(total_cents: int, vat_rate_bp: int) -> tuple[int, int]:
    """Splits a tax-inclusive amount into (net, VAT) cents; the two always add up to the total.

    The rate is in basis points: 2200 is 22 %.
    """
    net_cents = share(total_cents, BASIS_POINTS, BASIS_POINTS + vat_rate_bp)
    return net_cents, total_cents - net_cents
