from contract import RecommenderContract


class TestP3(RecommenderContract):
    model = "p3"


class TestP3OverAllPaths(RecommenderContract):
    model = "p3"
    settings = {  # noqa: RUF012
        "meta_paths": (
            "User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item",
            "User-INTERACTED->Item-IN_CATEGORY->Category<-IN_CATEGORY-Item",
            "User-FOLLOWS->User-INTERACTED->Item",
        ),
        "weights": (0.6, 0.3, 0.1),
    }


class TestRP3Beta(RecommenderContract):
    model = "rp3beta"


class TestPersonalizedPageRank(RecommenderContract):
    model = "ppr"
