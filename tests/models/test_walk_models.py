from contract import RecommenderContract


class TestP3(RecommenderContract):
    model = "p3"


class TestRP3Beta(RecommenderContract):
    model = "rp3beta"
