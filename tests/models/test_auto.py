from contract import RecommenderContract


class TestAuto(RecommenderContract):
    model = "auto"
