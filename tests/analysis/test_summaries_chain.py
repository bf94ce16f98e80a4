"""The printed tables of the service-profit chain, word for word."""

import numpy as np
import pytest

from analysis import path_model, service_profit_chain
from tests.analysis.test_chain import COLUMNS, teams_of


def tables():
    teams, rng = teams_of(), np.random.default_rng(1)
    chain = service_profit_chain(
        teams,
        {**COLUMNS, "internal_service_quality": "size"},
        rng=rng,
        sources={"loyalty": "records"},
        n_resamples=200,
    )
    model = path_model(
        teams,
        {"likes": ["energy"], "returns": ["likes"]},
        rng=rng,
        paths=[("energy", "likes", "returns")],
        n_resamples=200,
    )
    return {
        "chain": chain.summary(),
        "indirect": chain.indirect_summary(),
        "cited": chain.cited_summary(),
        "measured_link": chain.link("engagement", "customer_satisfaction").summary(),
        "cited_link": chain.link("customer_satisfaction", "profit").summary(),
        "model": model.summary(),
        "bare_model": path_model(teams, {"likes": ["energy"]}, rng=rng).summary(),
        "coefficient": model.coefficients[0].summary(),
        "product": model.indirect[0].summary(),
    }


EXPECTED = {
    "chain": """
The service-profit chain, link by link
--------------------------------------------------------------------------------------------------
Link                                   What is known  Standardised  95% interval    p        Teams
Internal service quality → engagement  measured here  −0.36         −0.61 to −0.11  0.006    60
Engagement → retention                 cited
Engagement → productivity              cited
Retention → service value              not measured
Productivity → service value           not measured
Service value → customer satisfaction  cited
Customer satisfaction → loyalty        measured here  0.42          0.13 to 0.71    0.005    60
Loyalty → revenue                      not measured
Loyalty → profit                       not measured
Engagement → service value             cited
Engagement → customer satisfaction     measured here  0.68          0.50 to 0.86    < 0.001  60
Engagement → loyalty                   measured here  −0.02         −0.37 to 0.32   0.901    60
Engagement → profit                    cited
Customer satisfaction → profit         cited
--------------------------------------------------------------------------------------------------
60 teams. Measured here: standard deviations of the later station per standard deviation of the earlier, at equal figures of everything measured before it.
Internal service quality → engagement: perhaps the same people at both ends, which makes it look stronger.
Cited: other organisations, listed apart; it enters nothing measured here.
""",  # noqa: E501 - printed lines stay as long as they are printed
    "indirect": """
What passes along the measured links
--------------------------------------------------------------------------------------------------------------
Path                                                                     Standardised  95% interval      Teams
Internal service quality → Engagement → Customer satisfaction            −0.242        −0.424 to −0.113  60
Internal service quality → Engagement → Customer satisfaction → Loyalty  −0.102        −0.215 to −0.031  60
Engagement → Customer satisfaction → Loyalty                             0.284         0.112 to 0.511    60
--------------------------------------------------------------------------------------------------------------
Intervals from 200 draws of teams.
Products say what would pass along if every link were one of cause, in this order, and nothing else moved both ends of a link.
""",  # noqa: E501 - printed lines stay as long as they are printed
    "cited": """
What others published on these links
------------------------------------------------------------------------------------------------------------------------------------------------------------------------
Link                                   Figure  Of what                                                                          Source
Engagement → retention                 −0.30   turnover, r of business units, corrected for error                               Harter, Schmidt and Hayes (2002)
Engagement → retention                 −0.25   turnover, with employee satisfaction, adjusted mean r of business units          Krekel, Ward and De Neve (2019)
Engagement → productivity              0.25    productivity, r of business units, corrected for error                           Harter, Schmidt and Hayes (2002)
Engagement → productivity              0.20    productivity, with employee satisfaction, adjusted mean r of business units      Krekel, Ward and De Neve (2019)
Service value → customer satisfaction  0.53    customer satisfaction, with service performance, corrected r                     Hong, Liao, Hu and Jiang (2013)
Engagement → service value             0.423   service quality, with employee satisfaction, path in 206 shops                   Yee, Yeung and Cheng (2008)
Engagement → customer satisfaction     0.16    customer satisfaction and loyalty, observed r of business units                  Harter, Schmidt and Hayes (2002)
Engagement → customer satisfaction     0.33    customer satisfaction and loyalty, r of business units, corrected for error      Harter, Schmidt and Hayes (2002)
Engagement → loyalty                   0.31    customer loyalty, with employee satisfaction, adjusted mean r of business units  Krekel, Ward and De Neve (2019)
Engagement → loyalty                   −0.12   customer loyalty, with employee satisfaction, direct path beside the chain       Hogreve, Iseke, Derfuss and Eller (2017)
Engagement → profit                    0.17    profit, r of business units, corrected for error                                 Harter, Schmidt and Hayes (2002)
Engagement → profit                    0.16    profit, with employee satisfaction, adjusted mean r of business units            Krekel, Ward and De Neve (2019)
Customer satisfaction → profit         0.101   firm performance, of which profit is a part, mean of 251 r                       Otto, Szymanski and Varadarajan (2020)
------------------------------------------------------------------------------------------------------------------------------------------------------------------------
Other organisations, other questions, other years: no target.
Harter, Schmidt and Hayes (2002), Journal of Applied Psychology 87(2), 268–279; read in a work that cites it.
Krekel, Ward and De Neve (2019), CEP Discussion Paper 1605; read in a work that cites it.
Hong, Liao, Hu and Jiang (2013), Journal of Applied Psychology 98(2), 237–267; read in a work that cites it.
Yee, Yeung and Cheng (2008), Journal of Operations Management 26(5), 651–668; read in a work that cites it.
Hogreve, Iseke, Derfuss and Eller (2017), Journal of Marketing 81(3), 41–61; read in a work that cites it.
Otto, Szymanski and Varadarajan (2020), Journal of the Academy of Marketing Science 48, 543–564; read in the work itself.
""",  # noqa: E501 - printed lines stay as long as they are printed
    "measured_link": """
Engagement → customer satisfaction
---------------------------------------------------------
               Standardised  95% interval  p        Teams
measured here  0.68          0.50 to 0.86  < 0.001  60
---------------------------------------------------------
Elsewhere, customer satisfaction and loyalty, observed r of business units: 0.16 (Harter, Schmidt and Hayes (2002)).
Elsewhere, customer satisfaction and loyalty, r of business units, corrected for error: 0.33 (Harter, Schmidt and Hayes (2002)).
""",  # noqa: E501 - printed lines stay as long as they are printed
    "cited_link": """
Customer satisfaction → profit
-------------------------------------------
       Standardised  95% interval  p  Teams
cited
-------------------------------------------
No figures of profit by team.
Elsewhere, firm performance, of which profit is a part, mean of 251 r: 0.101 (Otto, Szymanski and Varadarajan (2020)).
""",  # noqa: E501 - printed lines stay as long as they are printed
    "model": """
Regressions in a row
---------------------------------------------------------------
                          Standardised  95% interval    p
energy → likes            0.57          0.35 to 0.79    < 0.001
likes → returns           0.43          0.20 to 0.65    < 0.001
energy → likes → returns  0.241         0.103 to 0.392
---------------------------------------------------------------
60 teams; products with 200 draws of teams.
Products say what would pass along if every link were one of cause, in this order, and nothing else moved both ends of a link.
""",  # noqa: E501 - printed lines stay as long as they are printed
    "bare_model": """
Regressions in a row
---------------------------------------------------
                Standardised  95% interval  p
energy → likes  0.57          0.35 to 0.79  < 0.001
---------------------------------------------------
60 teams.
""",
    "coefficient": """
likes on energy
---------------------------------------
           Slope  95% interval  p
Per point  6.95   4.25 to 9.65  < 0.001
---------------------------------------
60 teams; other predictors held.
""",
    "product": """
What passes along a path
------------------------------------------------------
                          Standardised  95% interval
energy → likes → returns  0.241         0.103 to 0.392
------------------------------------------------------
60 teams.
Products say what would pass along if every link were one of cause, in this order, and nothing else moved both ends of a link.
""",  # noqa: E501 - printed lines stay as long as they are printed
}


@pytest.fixture(scope="module")
def printed():
    return tables()


@pytest.mark.parametrize("name", EXPECTED)
def test_the_chain_prints_word_for_word(printed, name):
    """What people read of the chain changes only when somebody means it to."""
    assert f"\n{printed[name]}\n" == EXPECTED[name]


def test_every_table_is_pinned(printed):
    """No table of the chain is missing above."""
    assert set(printed) == set(EXPECTED)
