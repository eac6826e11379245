"""graphrec-neo4j: explained recommendations from the graph in your Neo4j, published back into it.

Importing this package loads neither torch nor the Neo4j driver; take what you need from its rooms.
"""

__version__ = "0.1.0"
