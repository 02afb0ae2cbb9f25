"""Published figures that a forecast begins with, each with its source. Nothing stands here that nobody published."""

from __future__ import annotations

from goodword.forecast.assumed import Assumed

SHARES = Assumed(
    "share",
    3000,
    3300,
    "Kumar, Petersen, Leone: How Valuable Is Word of Mouth?, Harvard Business Review 85(10), 2007: 30% and 33% of the "
    "customers of two firms really referred somebody",
)
CONVERTS = Assumed(
    "share",
    1200,
    1400,
    "Kumar, Petersen, Leone, Harvard Business Review 85(10), 2007: 12% and 14% of those referred became customers",
)
AGAIN = Assumed(
    "share",
    3100,
    5700,
    "Gershon, Jiang, Journal of Marketing Research 2024, doi 10.1177/00222437241257886: customers who were referred "
    "refer 31% to 57% more",
)
TAIL = Assumed(
    "number",
    181,
    181,
    "Harry's before it opened: over 1,300 people brought 5 friends or more, 200 of them 50 or more, which is this tail "
    "(referralrock.com/blog/harrys-referral-program)",
)
REFUNDS = Assumed(
    "share",
    1650,
    2080,
    "National Retail Federation and Appriss Retail: 16.5% of what was sold online in 2022 came back, 20.8% in 2021",
)
INVENTED = Assumed(
    "share",
    0,
    1500,
    "Harry's before it opened: of over 100,000 addresses over 85,000 were genuine "
    "(referralrock.com/blog/harrys-referral-program)",
)
