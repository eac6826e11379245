"""All networks that have a view: importing this module makes :func:`view_of` know them."""

from __future__ import annotations

from graphrec_neo4j.models.networks import masked_layers as masked_layers
from graphrec_neo4j.models.networks import masked_typed as masked_typed
from graphrec_neo4j.models.networks.masked import NetworkView as NetworkView
from graphrec_neo4j.models.networks.masked import has_view as has_view
from graphrec_neo4j.models.networks.masked import view_of as view_of
